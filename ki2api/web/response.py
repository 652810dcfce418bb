"""Runs a flow and sends what it brings, until its client leaves."""

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import suppress
from typing import TypeAlias

from litestar.types import (
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Message,
    Receive,
    Scope,
    Send,
)

from ki2api.alarms import Alarms
from ki2api.blame import blamed
from ki2api.errors import GatewayError, Overloaded
from ki2api.flow import EventStream, GatewayFlow
from ki2api.protocols import Body
from ki2api.web.departure import Departure
from ki2api.web.headers import raw
from ki2api.web.journal import journal
from ki2api.web.pulse import Pulse
from pipeline import Chain

HTTPSendMessage: TypeAlias = HTTPResponseStartEvent | HTTPResponseBodyEvent
OK = 200
CLIENT_CLOSED = 499
"""The status in the log for a client that left; it never sees one."""
STREAM_HEADERS = raw(
    {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache",
        "x-accel-buffering": "no",  # a reverse proxy must not collect the stream
    }
)

PATIENCE = 1.0
"""Seconds that a client has to take the error of a task that does not end."""


class OpenAnswers:
    """The answers that are on their way, so that a shutdown can end them honestly."""

    def __init__(self) -> None:
        self._open: set[FlowResponse] = set()
        self._closing = False
        self.alarms = Alarms()
        """Those of their pulses."""

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> "Iterator[FlowResponse]":
        return iter(tuple(self._open))

    def add(self, response: "FlowResponse") -> None:
        self._open.add(response)
        if self._closing:
            response.end(Overloaded("Ki2API is shutting down.", retry_after=1))

    def remove(self, response: "FlowResponse") -> None:
        self._open.discard(response)

    def end_all(self) -> None:
        """Break every open answer off with an error that says why."""
        self._closing = True
        for response in self:
            response.end(Overloaded("Ki2API is shutting down.", retry_after=1))


class FlowResponse:
    """An ASGI answer that runs the chain, sends its response and closes the flow, come what may.

    The status is held back until the chain returns, so that an early failure has its real one; a
    client that wants a stream and has waited `hold_back` seconds gets the head of one, and pings.
    """

    def __init__(
        self,
        flow: GatewayFlow,
        chain: Chain[GatewayFlow],
        answers: OpenAnswers,
        *,
        hold_back: float,
        headers: Mapping[str, str],
    ) -> None:
        self.flow = flow
        self._chain = chain
        self._answers = answers
        self._hold_back = hold_back
        self._headers = headers
        self._status = 0
        self._complete = False
        self._sending = False
        self._ended_by: GatewayError | None = None
        self._given_up = self._told = self._left = False
        self.task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer the request; part of ASGI."""
        self._send = send
        self.task = task = asyncio.current_task()
        self._answers.add(self)
        departure = Departure.of(scope)
        departure.watch(self._leave)
        try:
            # Not its own: each would hold the other, and all of the request, until a collection.
            async with Pulse(self._ping, self._hold_back, self._answers.alarms) as pulse:
                await self._run(pulse)
        except asyncio.CancelledError:
            # Others may have cancelled it, too: only one of these cancellations is ours.
            if not self._left or task is None or task.cancelling() > 1:
                raise
        finally:
            departure.watch(None)
            if self._left and task is not None:
                task.uncancel()
                self._status = CLIENT_CLOSED
            await self._close()

    def end(self, error: GatewayError) -> None:
        """Break the answer off; the client is told this error."""
        if self.task is not None and self._ended_by is None and not self._complete:
            self._ended_by = error
            self.task.cancel()

    async def give_up(self) -> None:
        """Answer in the place of a task that does not end, and let go of what it holds.

        It may go on for ever, or wake up one day: nobody hears it any more.
        """
        if self._ended_by is None or self._given_up:
            return
        self.flow.log.error("its stage goes on nevertheless: it is left behind, and not heard")
        try:
            with suppress(TimeoutError):  # a client that does not read
                async with asyncio.timeout(PATIENCE):
                    await self._fail(self._ended_by)
        finally:
            self._given_up = True
            self._send = _unheard
            await self._close()

    async def _close(self) -> None:
        self._answers.remove(self)
        try:
            await self.flow.aclose()
        finally:  # also where closing is itself cut off
            if not self._told:
                self._told = True
                journal(self.flow, self._status)

    def _leave(self) -> None:
        """Give the rest up, as nobody wants it: the client has closed its connection."""
        if not self._complete and self.task is not None:
            self._left = True
            self.task.cancel()

    async def _run(self, pulse: Pulse) -> None:
        try:
            await self._chain.run(self.flow)
            if not self._given_up:
                await self._respond(self.flow.response, pulse)
        except GatewayError as error:
            await self._fail(error)
        except asyncio.CancelledError:
            if self._ended_by is None or self.task is None:
                raise
            self.task.uncancel()
            await self._fail(self._ended_by)
        except Exception as error:  # noqa: BLE001 - the edge of the house: a bug is logged and told
            self.flow.log.opt(exception=error).error(
                "a request failed by an error in the code of a stage or of Ki2API"
            )
            await self._fail(blamed(error, self.flow.id))

    def _respond(self, response: Body | EventStream, pulse: Pulse) -> Awaitable[None]:
        if isinstance(response, EventStream):
            return self._stream(response, pulse)
        if self._status:
            raise TypeError("a stage answered a whole body to a stream that had already begun")
        return self._body(response)

    async def _stream(self, stream: EventStream, pulse: Pulse) -> None:
        pulse.every(stream.keep_alive)
        try:
            await self._begin_stream()
            async for piece in stream.pieces:
                pulse.touch()
                self._complete = ended = stream.ended
                self._sending = True
                await self._send(
                    {"type": "http.response.body", "body": piece, "more_body": not ended}
                )
                self._sending = False
        finally:
            await stream.pieces.aclose()
        if not self._complete:
            raise TypeError("the stream ended without its last piece")

    async def _fail(self, error: GatewayError) -> None:
        self.flow.failure = error
        if not self._status:
            await self._body(self.flow.protocol.encode_error(error, self.flow.id))
            return
        self._complete = True
        await self._piece(self._in_stream(error), more=False)

    def _in_stream(self, error: GatewayError) -> bytes:
        flow = self.flow
        if flow.has("response") and isinstance(flow.response, EventStream):
            return flow.response.fail(error)
        return flow.protocol.encoder(flow.conversation, flow.delivery).fail(error)

    async def _ping(self) -> None:
        wanted = self.flow.has("delivery") and self.flow.delivery.stream
        # While something else is being sent, the reader is slow, not the stream silent.
        if wanted and not self._complete and not self._sending:
            await self._begin_stream()
            await self._piece(self.flow.protocol.ping, more=True)

    async def _body(self, body: Body) -> None:
        headers = {"content-type": body.media_type, "content-length": str(len(body.content))}
        self._complete = True
        await self._begin(body.status, raw({**headers, **body.headers, **self._headers}))
        await self._piece(body.content, more=False)

    async def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._status = status
        if self.flow.emulated and status == OK:
            headers += raw({"x-ki2api-emulated": ", ".join(self.flow.emulated)})
        start: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": status,
            "headers": headers,
        }
        await self._sent(start)

    async def _begin_stream(self) -> None:
        if not self._status:  # a ping may have been quicker
            await self._begin(OK, [*STREAM_HEADERS, *raw(self._headers)])

    def _piece(self, data: bytes, *, more: bool) -> Awaitable[None]:
        return self._sent({"type": "http.response.body", "body": data, "more_body": more})

    async def _sent(self, message: HTTPSendMessage) -> None:
        self._sending = True
        try:
            await self._send(message)
        finally:
            self._sending = False


async def _unheard(_: Message) -> None:
    """Take what is said in an answer that was given up."""
