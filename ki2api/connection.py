"""One connection of a client: what it may send, how fast it must send and read, and its refusals.

uvicorn and its parser have no such limits of their own; its minor version is pinned for this.
"""

import asyncio
from collections.abc import Callable, Mapping
from math import inf
from typing import Any, Literal, TypeAlias

import httptools
import loguru
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from ki2api.alarms import Alarms
from ki2api.blame import no_memory
from ki2api.cycle import Cycle, Outlet, tell
from ki2api.errors import GatewayError, InvalidRequest, Overloaded, TooSlow
from ki2api.heads import Heads, path_of, too_large
from ki2api.pace import Pace
from ki2api.web.departure import Departure
from ki2api.web.headers import public_id, raw
from ki2api.web.journal import refusal
from ki2api.web.reading import dialect_of, new_id

Part: TypeAlias = Literal["", "head", "body"]
"""What of a request is being read; nothing between two."""
OVERHEAD = 64 * 1024
"""Bytes that the framing of a body may have, beside a few for each of its own."""
OVERHEAD_OF_A_BYTE = 8
"""The smallest chunk, of one byte, has six."""
LINGER = 2.0
"""Seconds in which what a refused client still sends is thrown away, so that it reads why."""
REST = 5.0
"""Seconds that what is left of a body has to come when the request has been answered already."""


class Shared:
    """What all connections share, and those that have no whole head yet, the oldest first."""

    def __init__(
        self,
        pace: Pace | None = None,
        headers: Callable[[str], Mapping[str, str]] = lambda name: {"x-request-id": name},
        most: int = 10_000,
    ) -> None:
        """`headers` are those that every answer carries, for the id of a request.

        Of more than `most` connections the one that has rested longest gives way.
        """
        self.pace = pace or Pace()
        self.headers = headers
        self.most = most
        self.draining = False
        self.resting: dict[StrictProtocol, None] = {}
        self.kept = Alarms()
        """Those of connections that wait for their next request."""

    def make_way(self, open_now: int) -> None:
        """Send away who has rested longest, where there are too many."""
        if open_now > self.most and self.resting:
            next(iter(self.resting)).give_way()


class Config(uvicorn.Config):
    """uvicorn's settings, with what its connections share."""

    shared: Shared


class StrictProtocol(HttpToolsProtocol):
    """HTTP/1.1 that takes one plain form of a request, one at a time, at a fair pace.

    What is refused is answered in the caller's dialect, as far as that is known, and the connection
    is closed. A request that comes before the one before it is answered is not read: the connection
    is closed after that answer, and meanwhile it is noticed if the client leaves.
    """

    config: Config

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._shared = config.shared
        self._part: Part = ""
        self._deaf = False
        self._fed = self._seen = self._body = self._unsent = 0
        self._clock: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._departure = Departure()
        self.at = inf
        self._heads = Heads(self._shared.pace.head_bytes, self._shared.pace.head_fields)
        self._fields: list[tuple[bytes, bytes]] = []
        self.url = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._outlet = Outlet(transport, self._close)
        self._shared.resting[self] = None
        self._shared.make_way(len(self.connections))
        if self._deaf:
            return
        self._expect_within(self._shared.pace.head_seconds, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        self._watch_no_sending()
        self._shared.resting.pop(self, None)
        self._shared.kept.drop(self)
        super().connection_lost(exc)
        self._departure.happen()

    # What comes in

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if not self._part:
            if self._answering:
                self._let_this_be_the_last()
                return
            self._shared.kept.drop(self)
            self._fed = 0
        self._fed += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_as_plain(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._stumble(error)
        else:
            self._mind_the_pace()

    def on_message_begin(self) -> None:
        if self._answering:
            raise _TooEarly
        super().on_message_begin()
        self._part = "head"
        self._body = 0
        self._fields = self.headers

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self.parser
        method, version = parser.get_method(), parser.get_http_version()
        self._heads.judge(self.url, method, version, self.headers, came=self._fed)
        self._expect_nothing()
        self._shared.resting.pop(self, None)
        if parser.should_upgrade():
            return
        self._part = "body"
        self._fields = []  # what comes after the body says nothing
        tell(self.scope, method, version, self.url)
        self._departure = Departure()
        self._departure.put_into(self.scope)
        self.cycle = Cycle(self, self._outlet, last=version == "1.0" or self._shared.draining)
        self._start_asgi_task(self.cycle, self.app)

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        if self._fields:
            self._heads.judge_trailers(self._fields)
        self._part = ""
        self._expect_nothing()
        super().on_message_complete()

    def _read_as_plain(self, rest: bytes) -> None:
        """Read a request on that asks for another protocol as if it did not, as a server may.

        The parser takes what follows for that protocol, also the body of a POST: Java's client asks
        for HTTP/2 in this way. So another one gets the same head, without the wish.
        """
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            kept = _without_upgrade(value) if name == b"connection" else value
            lines.append(name + b": " + kept + b"\r\n")
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"".join([*lines, b"\r\n", rest]))

    # What goes out

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        self._shared.resting[self] = None
        if self._part == "body" and not self._deaf:
            self._expect_within(REST, self._hang_up)
        elif not self.transport.is_closing():
            self.at = self.loop.time() + self.timeout_keep_alive
            self._shared.kept.set(self)
        self.flow.resume_reading()
        self._watch_sending()

    def ring(self) -> None:
        """Close, as no further request has come; part of an alarm."""
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_sending()

    def resume_writing(self) -> None:
        self._watch_no_sending()
        super().resume_writing()

    def shutdown(self) -> None:
        """Let this be the last answer; what has only half asked is told why."""
        if self._answering:
            self.cycle.keep_alive = False
        else:
            self._send_away("Ki2API is shutting down.")

    def give_way(self) -> None:
        """Close, as there is no room for a connection that rests."""
        self._shared.resting.pop(self, None)
        self._send_away("There are too many connections.")
        self.transport.close()  # at once: what is short are connections

    def _send_away(self, said: str) -> None:
        """Close; what has only half asked is told why."""
        if self._part and not self._deaf:
            self._refuse(Overloaded(said, retry_after=1))
        else:
            self._deaf = True
            self.transport.close()

    # Refusals

    def _stumble(self, error: httptools.HttpParserError) -> None:
        """Refuse what the parser, or one of our own checks in it, has found."""
        cause = error.__context__
        if isinstance(cause, _TooEarly) or (self._answering and not self._part):
            self._let_this_be_the_last()
        elif isinstance(cause, GatewayError):
            self._refuse(cause)
        elif isinstance(cause, MemoryError):
            self._refuse(no_memory())
        else:
            said = "" if cause else f": {str(error)[:100]}"
            self._refuse(InvalidRequest(f"This is not a request of HTTP/1.1{said}."))

    def _refuse(self, error: GatewayError) -> None:
        """Tell the client, unless it has an answer already, and close."""
        told = self._part == "body" and self.cycle.response_started
        if self._answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._departure.happen()
        if not told and not self.transport.is_closing():
            self.transport.write(self._refusal(error))
        self._hang_up()

    def _refusal(self, error: GatewayError) -> bytes:
        name = new_id()
        target = self.url.decode("latin-1") if self._part else ""
        headers = self.headers if self._part else []
        anthropic = any(field == b"anthropic-version" for field, _ in headers)
        body = dialect_of(path_of(target), anthropic=anthropic).encode_error(error, public_id(name))
        refusal(public_id(name), target, body.status, error)
        fields = {
            **self._shared.headers(name),
            **body.headers,
            "content-type": body.media_type,
            "content-length": str(len(body.content)),
            "connection": "close",
        }
        lines = [name + b": " + value for name, value in (*self._dated, *raw(fields))]
        return STATUS_LINE[body.status] + b"\r\n".join([*lines, b"", body.content])

    @property
    def _dated(self) -> list[tuple[bytes, bytes]]:
        return self.server_state.default_headers

    # How it ends

    def _let_this_be_the_last(self) -> None:
        self._deaf = True
        self.cycle.keep_alive = False

    def _close(self) -> None:
        """Close after an answer."""
        if self._deaf or self._part:
            self._hang_up()
        else:
            self.transport.close()
            self._watch_sending()

    def _hang_up(self) -> None:
        """Close, but throw away for a moment what still comes.

        To close on bytes that nobody read makes the system cut the client off from its answer.
        """
        self._deaf = True
        self._expect_nothing()
        if self.transport.is_closing():
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._expect_within(LINGER, self.transport.close)
        self._watch_sending()

    # Time

    def _expect_within(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._expect_nothing()
        self._clock = self.loop.call_later(seconds, otherwise)

    def _expect_nothing(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _mind_the_pace(self) -> None:
        """Start a clock for what has not come whole in one piece, as most does."""
        if self._part == "body" and self._fed > OVERHEAD + OVERHEAD_OF_A_BYTE * self._body:
            self._refuse(InvalidRequest("The chunks of the body are more frame than body."))
        elif self._part == "head" and self._fed > self._heads.room:
            self._refuse(too_large())
        elif self._part and self._clock is None:
            pace = self._shared.pace
            if self._part == "head":
                self._expect_within(pace.head_seconds, self._late)
            else:
                self._expect_within(pace.body_seconds, self._watch_the_body)

    def _late(self) -> None:
        self._refuse(TooSlow("The head of the request did not come in time."))

    def _watch_the_body(self) -> None:
        self._seen = self._fed
        self._expect_within(self._shared.pace.body_seconds, self._look_at_the_body)

    def _look_at_the_body(self) -> None:
        pace = self._shared.pace
        enough = pace.body_bytes * pace.body_seconds
        # While we do not read, nobody can send.
        if self._fed - self._seen >= enough or self.flow.read_paused:
            self._watch_the_body()
        else:
            self._refuse(TooSlow("The body of the request comes too slowly."))

    def _watch_sending(self) -> None:
        """See to it that the client reads what waits to be sent."""
        self._watch_no_sending()
        self._unsent = self.transport.get_write_buffer_size()
        if self._unsent:
            seconds = self._shared.pace.stall_seconds
            self._stall = self.loop.call_later(seconds, self._look_at_sending)

    def _watch_no_sending(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _look_at_sending(self) -> None:
        before = self._unsent
        self._watch_sending()
        if self._unsent >= before:
            seconds = self._shared.pace.stall_seconds
            loguru.logger.info("a client has read nothing for {:g} s: it is cut off", seconds)
            self.transport.abort()


class _TooEarly(Exception):
    """The next request came before this one was answered."""


def _without_upgrade(tokens: bytes) -> bytes:
    kept = (token.strip() for token in tokens.split(b","))
    return b", ".join(token for token in kept if token.lower() != b"upgrade")
