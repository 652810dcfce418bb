"""One connection at its limits, over real sockets, with a shorter patience than in earnest."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import uvloop

from ki2api.connection import Shared, StrictProtocol
from ki2api.pace import Pace
from ki2api.server import configure

pytestmark = pytest.mark.anyio
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
FLOOD = 32 * 1024 * 1024
"""More bytes than the buffers of the system take for somebody who does not read."""
QUICK = Pace(head_seconds=0.05, body_seconds=0.05, stall_seconds=0.05)
Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop of the real server: its transports are what is relied on."""
    return "asyncio", {"loop_factory": uvloop.new_event_loop}


class Served:
    """A server with one app, which notes how each of its requests ended."""

    def __init__(self, pace: Pace) -> None:
        self.shared = Shared(pace)
        self.config = configure(self.app, host="", port=0, drain_seconds=1, shared=self.shared)
        self.config.load()
        self.server = uvicorn.Server(self.config)
        self.go = asyncio.Event()
        self.left = asyncio.Event()
        self.bodies: list[bytes] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.connections: list[StrictProtocol] = []

    def connection(self) -> StrictProtocol:
        connection = StrictProtocol(self.config, self.server.server_state, {})
        self.connections.append(connection)
        return connection

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        answer: Callable[..., Any] = {"/early": early, "/wait": wait, "/flood": flood}.get(
            scope["path"], hello
        )
        self.headers = scope["headers"]
        await answer(self, receive, send)


async def body_of(receive: Any) -> bytes | None:
    body: bytes = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            return body
    return None


async def answer(send: Any, content: bytes = b"", **fields: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(content))]
    headers += [(name.encode(), value) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def hello(served: Served, receive: Any, send: Any) -> None:
    body = await body_of(receive)
    if body is None:
        served.left.set()
        return
    served.bodies.append(body)
    await answer(send, b"hello")


async def early(_: Served, __: Any, send: Any) -> None:
    """Refuse without reading the body."""
    await answer(send, b"no", connection=b"close")


async def wait(served: Served, receive: Any, send: Any) -> None:
    """Answer when told so, and notice who leaves before."""
    await body_of(receive)
    async with asyncio.TaskGroup() as group:
        go = group.create_task(served.go.wait())
        gone = group.create_task(receive())
        await asyncio.wait([go, gone], return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            served.left.set()
        else:
            await answer(send, b"hello")
        go.cancel()
        gone.cancel()


async def flood(_: Served, receive: Any, send: Any) -> None:
    await body_of(receive)
    await answer(send, b"x" * FLOOD, connection=b"close")


@asynccontextmanager
async def serving(pace: Pace = QUICK) -> AsyncIterator[tuple[Served, Callable[[], Any]]]:
    served = Served(pace)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(served.connection, "127.0.0.1", 0)
    wires: list[asyncio.StreamWriter] = []

    async def connect() -> Wire:
        wire = await asyncio.open_connection(*listening.sockets[0].getsockname())
        wires.append(wire[1])
        return wire

    try:
        async with asyncio.timeout(60):  # a server that hangs is to fail its test, not to stop all
            yield served, connect
    finally:
        for wire in wires:
            wire.close()
        listening.close()


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", HEAD + b"GET / HT"])
async def test_a_head_that_does_not_come_is_answered_408(begun: bytes) -> None:
    async with serving() as (_, connect):
        reader, writer = await connect()
        writer.write(begun[: len(HEAD)])
        if begun[len(HEAD) :]:
            await reader.readuntil(b"hello")
            writer.write(begun[len(HEAD) :])
        told = await reader.read()
        assert told.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"request_timeout"' in told
        assert told.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("begun", [b"GET /", HEAD[:-2] + b"X: ", HEAD[:-2] + b"X"])
async def test_a_head_without_an_end_is_not_kept(begun: bytes) -> None:
    async with serving(Pace()) as (_, connect):
        reader, writer = await connect()
        writer.write(begun)
        told = b""
        while not told:
            writer.write(b"a" * 1024)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.001):
                    told = await reader.read(9999)
        assert told.startswith(b"HTTP/1.1 431 ")


async def test_between_two_requests_a_connection_may_rest() -> None:
    async with serving() as (_, connect):
        reader, writer = await connect()
        for _ in range(2):
            writer.write(HEAD)
            await reader.readuntil(b"hello")
            await asyncio.sleep(3 * QUICK.head_seconds)


async def test_a_body_that_comes_too_slowly_is_answered_408_in_the_callers_dialect() -> None:
    async with serving() as (served, connect):
        reader, writer = await connect()
        writer.write(POST + b"Content-Length: 99\r\n\r\nab")
        told = await reader.read()
        assert told.startswith(b"HTTP/1.1 408 ")
        assert b'"type":"error"' in told
        await served.left.wait()
        assert not served.bodies


async def test_a_body_that_comes_steadily_may_take_its_time() -> None:
    async with serving(Pace(body_seconds=3600, body_bytes=1)) as (served, connect):
        reader, writer = await connect()
        writer.write(POST + b"Content-Length: 9000\r\n\r\n")
        await until(lambda: served.headers)
        (connection,) = served.connections
        connection._watch_the_body()
        for _ in range(2):  # the looks that a clock would take after an hour each
            before = connection._fed
            writer.write(b"x" * 4500)
            while connection._fed != before + 4500:
                await asyncio.sleep(0)
            connection._look_at_the_body()
        await reader.readuntil(b"hello")
        assert served.bodies == [b"x" * 9000]


async def test_who_reads_nothing_is_cut_off() -> None:
    async with serving() as (served, connect):
        reader, writer = await connect()
        writer.transport.pause_reading()
        writer.write(HEAD.replace(b"/ ", b"/flood ", 1))
        await until(lambda: served.headers and not served.server.server_state.connections)
        writer.transport.resume_reading()
        assert await size_of(reader) < FLOOD


async def test_who_reads_slowly_is_not() -> None:
    async with serving(Pace(stall_seconds=3600)) as (served, connect):
        reader, writer = await connect()
        writer.write(HEAD.replace(b"/ ", b"/flood ", 1))
        await until(lambda: served.connections[0]._unsent)
        connection = served.connections[0]
        got = 0
        while unsent := connection.transport.get_write_buffer_size():
            while connection.transport.get_write_buffer_size() == unsent:
                got += len(await reader.read(1024 * 1024))
            connection._look_at_sending()
        assert got + await size_of(reader) > FLOOD


async def size_of(reader: asyncio.StreamReader) -> int:
    """Read to the end, be it a cut."""
    size = 0
    with contextlib.suppress(OSError):
        while piece := await reader.read(1024 * 1024):
            size += len(piece)
    return size


async def test_a_refusal_can_be_read_also_by_who_still_sends() -> None:
    async with serving() as (_, connect):
        reader, writer = await connect()
        writer.write(POST.replace(b"/v1/messages", b"/early") + b"Content-Length: 9000000\r\n\r\n")
        for _ in range(9):
            writer.write(b"x" * 1_000_000)
            await writer.drain()
        assert (await reader.read()).endswith(b"no")


async def test_who_goes_on_sending_for_ever_is_cut_off() -> None:
    async with serving() as (_, connect):
        _, writer = await connect()
        writer.write(POST.replace(b"/v1/messages", b"/early") + b"Content-Length: 9000000\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("apart", [True, False])
async def test_the_next_request_before_the_answer_is_not_read_and_the_connection_closed(
    *, apart: bool
) -> None:
    async with serving() as (served, connect):
        reader, writer = await connect()
        first = HEAD.replace(b"/ ", b"/wait ", 1)
        if apart:
            writer.write(first)
            await until(lambda: served.headers)
            writer.write(HEAD + HEAD)
        else:
            writer.write(first + HEAD + HEAD)
            await until(lambda: served.headers)
        served.go.set()
        told = await reader.read()
        assert told.count(b"HTTP/1.1 200") == 1
        assert b"connection: close" in told
        assert not served.bodies


@pytest.mark.parametrize("apart", [True, False])
async def test_who_sends_ahead_and_leaves_is_noticed(*, apart: bool) -> None:
    async with serving() as (served, connect):
        _, writer = await connect()
        writer.write(HEAD.replace(b"/ ", b"/wait ", 1) + (b"" if apart else HEAD))
        if apart:
            await until(lambda: served.headers)
            writer.write(HEAD * 10_000)
            await writer.drain()
        writer.close()
        await served.left.wait()


async def test_a_wish_for_another_protocol_is_passed_over_with_its_body_read() -> None:
    """Java's client, and curl, ask for HTTP/2 in this way."""
    async with serving() as (served, connect):
        reader, writer = await connect()
        head = (
            POST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
        )
        whole = head + b"Content-Length: 4\r\n\r\nbody"
        for pieces in ((whole,), (whole[:40], whole[40:70], whole[70:-2], whole[-2:])):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0.01)
            await reader.readuntil(b"hello")
        assert served.bodies == [b"body", b"body"]


async def test_what_comes_after_a_body_says_nothing() -> None:
    async with serving() as (served, connect):
        reader, writer = await connect()
        chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nbody\r\n"
        writer.write(chunked + b"0\r\nX-Api-Key: late\r\n\r\n")
        await reader.readuntil(b"hello")
        assert served.bodies == [b"body"]
        assert not any(name == b"x-api-key" for name, _ in served.headers)


async def test_while_the_server_drains_every_answer_is_the_last_on_its_connection() -> None:
    async with serving() as (served, connect):
        resting, begun, asked, new = [await connect() for _ in range(4)]
        begun[1].write(HEAD[:20])
        asked[1].write(HEAD.replace(b"/ ", b"/wait ", 1))
        await until(lambda: served.headers and served.connections[1].url)
        served.shared.draining = True
        for connection in served.connections[:3]:
            connection.shutdown()
        served.go.set()
        new[1].write(HEAD)
        assert await resting[0].read() == b""
        assert (await begun[0].read()).startswith(b"HTTP/1.1 503 ")
        for reader, _ in (asked, new):
            told = await reader.read()
            assert told.endswith(b"hello")
            assert b"connection: close" in told


async def test_of_too_many_connections_the_one_that_has_rested_longest_gives_way() -> None:
    async with serving(Pace()) as (served, connect):
        served.shared.most = 3
        asked, half, resting = [await connect() for _ in range(3)]
        asked[1].write(HEAD.replace(b"/ ", b"/wait ", 1))
        half[1].write(HEAD[:20])
        await until(lambda: served.headers and served.connections[1].url)
        new = await connect()
        assert (await half[0].read()).startswith(b"HTTP/1.1 503 ")
        newer = await connect()
        assert await resting[0].read() == b""
        served.go.set()
        newer[1].write(HEAD)
        for reader, _ in (asked, newer):
            await reader.readuntil(b"hello")
        new[1].close()
        newer[1].close()
        asked[1].close()
        await until(lambda: not served.shared.resting)


async def until(true: Callable[[], object]) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not happen")
