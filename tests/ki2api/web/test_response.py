"""The way of an answer to the client, at the ASGI border."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from typing import Any, cast

import pytest

from ki2api.errors import Bug, GatewayError, InvalidRequest, Overloaded
from ki2api.flow import EventStream, GatewayFlow
from ki2api.protocols import Body, Delivery
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.web.departure import Departure
from ki2api.web.response import FlowResponse, OpenAnswers
from pipeline import Chain

pytestmark = pytest.mark.anyio
Work = Callable[[GatewayFlow], Coroutine[Any, Any, None]]


class Inside:
    """A chain that is one function."""

    requires = answers = frozenset[str]()

    def __init__(self, work: Work) -> None:
        self.work = work

    async def __call__(self, flow: GatewayFlow) -> None:
        await self.work(flow)


class Client:
    """The other end of an answer: takes what is sent, and may leave."""

    def __init__(self, work: Work, *, hold_back: float = 1000) -> None:
        self.flow = GatewayFlow()
        self.flow.protocol = OPENAI_CHAT
        self.answers = OpenAnswers()
        self.sent: list[Any] = []
        self.departure = Departure()
        self.closed = False
        self.response = FlowResponse(
            self.flow,
            Chain([], cast("Any", Inside(work))),
            self.answers,
            hold_back=hold_back,
            headers={"x-request-id": "req_1"},
        )

    async def receive(self) -> Any:
        raise AssertionError("the body was read before")

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def run(self) -> None:
        self.flow.keep_open(cast("Any", self))
        scope: Any = {"state": {}}
        self.departure.put_into(scope)
        await self.response(scope, self.receive, self.send)

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def ended(self) -> bool:
        return not self.sent[-1]["more_body"]


def streaming(flow: GatewayFlow) -> None:
    flow.delivery = Delivery(id="x", model="m", created=0, stream=True)


def stream_of(pieces: AsyncGenerator[bytes, None]) -> EventStream:
    stream = EventStream(keep_alive=0, fail=lambda error: f"failed: {error.code}".encode())
    stream.pieces = pieces
    return stream


async def test_a_body_is_sent_with_its_headers_and_the_flow_closed() -> None:
    async def work(flow: GatewayFlow) -> None:
        flow.response = Body(b"{}", 201, {"x-more": "1"})

    client = Client(work)
    await client.run()
    assert client.status == 201
    assert dict(client.sent[0]["headers"]) == {
        b"content-type": b"application/json",
        b"content-length": b"2",
        b"x-more": b"1",
        b"x-request-id": b"req_1",
    }
    assert client.body == b"{}"
    assert client.ended
    assert client.closed
    assert len(client.answers) == 0


@pytest.mark.parametrize(("status", "named"), [(200, b"stop, strict"), (400, None)])
async def test_an_answer_names_what_was_emulated(status: int, named: bytes | None) -> None:
    async def work(flow: GatewayFlow) -> None:
        flow.emulated = ("stop", "strict")
        flow.response = Body(b"{}", status)

    client = Client(work)
    await client.run()
    assert dict(client.sent[0]["headers"]).get(b"x-ki2api-emulated") == named


async def test_an_error_is_written_in_the_dialect() -> None:
    async def work(_: GatewayFlow) -> None:
        raise InvalidRequest("no", path="messages")

    client = Client(work)
    await client.run()
    assert client.status == 400
    assert b'"messages"' in client.body
    assert client.closed


async def test_a_bug_is_told_without_its_words() -> None:
    async def work(_: GatewayFlow) -> None:
        raise ZeroDivisionError("secret")

    client = Client(work)
    await client.run()
    assert client.status == 500
    assert b"secret" not in client.body
    assert client.flow.id.encode() in client.body


async def test_a_client_that_leaves_cancels_the_work_and_the_flow_is_closed() -> None:
    stopped: list[str] = []

    async def work(_: GatewayFlow) -> None:
        client.departure.happen()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append("stopped")

    client = Client(work)
    await client.run()
    assert stopped == ["stopped"]
    assert client.sent == []
    assert client.closed


@pytest.mark.parametrize("leaves", [False, True])
async def test_being_cancelled_from_outside_goes_on_as_itself(*, leaves: bool) -> None:
    began = asyncio.Event()

    async def work(_: GatewayFlow) -> None:
        began.set()
        await asyncio.Event().wait()

    client = Client(work)
    task = asyncio.ensure_future(client.run())
    await began.wait()
    if leaves:
        client.departure.happen()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.closed


async def test_the_last_call_ends_a_stream_with_its_error() -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        yield b"one "
        client.answers.end_all()
        await asyncio.Event().wait()

    async def work(flow: GatewayFlow) -> None:
        streaming(flow)
        flow.response = stream_of(endless())

    client = Client(work)
    await client.run()
    assert client.status == 200
    assert client.body == b"one failed: server_is_overloaded"
    assert client.ended


async def test_the_last_call_ends_a_request_that_has_not_begun_with_a_status() -> None:
    async def work(_: GatewayFlow) -> None:
        client.answers.end_all()
        client.answers.end_all()
        await asyncio.Event().wait()

    client = Client(work)
    await client.run()
    assert client.status == 503
    assert b"shutting down" in client.body


async def test_what_is_complete_is_not_ended_again() -> None:
    async def work(flow: GatewayFlow) -> None:
        flow.response = Body(b"done")

    client = Client(work)
    await client.run()
    client.response.end(Overloaded("late"))
    assert client.body == b"done"


@pytest.mark.parametrize("end", ["body", "error"])
async def test_after_the_pings_began_there_is_no_status_any_more(end: str) -> None:
    async def work(flow: GatewayFlow) -> None:
        streaming(flow)
        flow.conversation = cast("Any", None)
        while not client.sent:
            await asyncio.sleep(0)
        if end == "error":
            raise InvalidRequest("too late")
        flow.response = Body(b"a whole body")

    client = Client(work, hold_back=0.001)
    await client.run()
    assert client.status == 200
    assert client.body.startswith(b": ")
    assert b'"error"' in client.body
    assert b"a whole body" not in client.body
    assert client.ended


async def test_a_whole_answer_is_never_begun_by_pings() -> None:
    async def work(flow: GatewayFlow) -> None:
        flow.delivery = Delivery(id="x", model="m", created=0)
        for _ in range(20):
            await asyncio.sleep(0.001)
        flow.response = Body(b"late", 404)

    client = Client(work, hold_back=0.001)
    await client.run()
    assert client.status == 404
    assert client.body == b"late"


async def test_a_stream_that_forgets_its_end_is_a_bug() -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        yield b"one "

    async def work(flow: GatewayFlow) -> None:
        flow.response = stream_of(endless())

    client = Client(work)
    await client.run()
    assert client.body == b"one failed: internal_error"
    assert isinstance(client.flow.failure, GatewayError)


async def test_a_task_that_swallows_its_end_is_answered_for_and_not_heard_any_more() -> None:
    wake = asyncio.Event()

    async def work(flow: GatewayFlow) -> None:
        while not wake.is_set():
            with suppress(asyncio.CancelledError):
                await wake.wait()
        flow.response = Body(b"late")

    client = Client(work)
    running = asyncio.ensure_future(client.run())
    await asyncio.sleep(0)
    await client.response.give_up()  # nobody has ended it
    assert client.sent == []
    client.response.end(Bug("stuck"))
    await asyncio.sleep(0)
    await client.response.give_up()
    await client.response.give_up()
    assert (client.status, client.ended, client.closed) == (500, True, True)
    assert b"stuck" in client.body
    assert len(client.answers) == 0
    told = len(client.sent)
    wake.set()
    await running
    assert len(client.sent) == told


async def test_a_client_that_left_and_an_end_at_once_are_both_heard() -> None:
    async def work(_: GatewayFlow) -> None:
        client.departure.happen()
        client.response.end(Overloaded("late"))
        await asyncio.Event().wait()

    client = Client(work)
    task = asyncio.ensure_future(client.run())
    await task
    assert client.closed
    assert not task.cancelling()


async def test_a_client_that_has_left_before_is_answered_no_more() -> None:
    async def work(_: GatewayFlow) -> None:
        await asyncio.sleep(0)
        pytest.fail("nobody waits for it")

    client = Client(work)
    client.departure.happen()
    await client.run()
    assert client.sent == []
    assert client.closed
