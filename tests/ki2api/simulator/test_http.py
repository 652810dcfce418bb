"""The little server: whole requests in, connections kept, callers who leave noticed."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ki2api.simulator.http import Request, Service, Wire

pytestmark = pytest.mark.anyio
Handler = Callable[[Request, Wire], Awaitable[None]]
_GET = b"GET /a%20b?x=1&y=%C3%A9 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\n\r\n"


class Connection:
    """A raw client connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> bytes:
        """Send, and read one response head with its small body."""
        self.writer.write(data)
        return await self.reader.readuntil(b"\r\n\r\n")


@asynccontextmanager
async def _serving(handler: Handler) -> AsyncIterator[Connection]:
    service = Service(handler)
    url = await service.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()
        await service.stop()


async def test_a_request_is_read_whole() -> None:
    seen: list[Request] = []

    async def handler(request: Request, wire: Wire) -> None:
        seen.append(request)
        await wire.respond(200, {"x-two": "2"}, b"")

    async with _serving(handler) as connection:
        head = await connection.say(_GET)
        assert head == b"HTTP/1.1 200 OK\r\nx-two: 2\r\ncontent-length: 0\r\n\r\n"
        for part in (b"POST /c HTTP/1.1\r\nContent-Le", b"ngth: 5\r\nConnection: close\r\n\r\nhe"):
            connection.writer.write(part)
            await asyncio.sleep(0)
        assert b"connection: close" in await connection.say(b"llo")
        assert await connection.reader.read() == b""
    first, second = seen
    assert (first.method, first.path, first.query) == ("GET", "/a b", {"x": "1", "y": "é"})
    assert (first.headers["x-one"], first.keep_alive) == ("1", True)
    assert (second.body, second.keep_alive, second.bearer) == (b"hello", False, "")


async def test_chunks_are_framed() -> None:
    async def handler(_: Request, wire: Wire) -> None:
        await wire.begin(299, {})
        await wire.send(b"x" * 17)
        await wire.end()

    async with _serving(handler) as connection:
        head = await connection.say(_GET)
        assert head == b"HTTP/1.1 299 Unknown\r\ntransfer-encoding: chunked\r\n\r\n"
        assert await connection.reader.readexactly(28) == b"11\r\n" + b"x" * 17 + b"\r\n0\r\n\r\n"


async def test_what_is_no_http_is_refused() -> None:
    async def handler(_: Request, wire: Wire) -> None:
        raise AssertionError

    async with _serving(handler) as connection:
        assert (await connection.say(b"hello\r\n\r\n")).startswith(b"HTTP/1.1 400 Bad Request")
        assert await connection.reader.read() == b""


async def test_a_caller_who_leaves_stops_the_work() -> None:
    stopped = asyncio.Event()
    wires: list[Wire] = []

    async def handler(_: Request, wire: Wire) -> None:
        wires.append(wire)
        await wire.begin(200, {})
        try:
            await wire.fall_silent()
        finally:
            stopped.set()

    async with _serving(handler) as connection:
        await connection.say(_GET)
        connection.writer.close()
        await asyncio.wait_for(stopped.wait(), 5)
    assert wires[0].gone


async def test_a_caller_who_resets_under_a_long_answer_is_gone() -> None:
    wires: list[Wire] = []
    ended = asyncio.Event()

    async def handler(_: Request, wire: Wire) -> None:
        wires.append(wire)
        try:
            while True:
                await wire.send(b"x" * 100_000)
        finally:
            ended.set()

    async with _serving(handler) as connection:
        connection.writer.write(_GET)
        await connection.reader.readexactly(10)
        connection.writer.transport.abort()
        await asyncio.wait_for(ended.wait(), 5)
    assert wires[0].gone


async def test_a_caller_is_gone_as_soon_as_a_write_fails() -> None:
    class Broken(asyncio.StreamWriter):
        def __init__(self) -> None:
            pass

        def write(self, data: Any) -> None:
            pass

        async def drain(self) -> None:
            raise ConnectionResetError

        def __del__(self) -> None:
            pass

    wire = Wire(Broken(), keep_alive=True)
    with pytest.raises(ConnectionResetError):
        await wire.end()
    assert wire.gone


async def test_a_fault_of_the_handler_closes_the_connection_and_shows() -> None:
    faults: list[dict[str, Any]] = []

    async def handler(_request: Request, _wire: Wire) -> None:
        raise LookupError("a bug")

    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    async with _serving(handler) as connection:
        connection.writer.write(_GET)
        assert await connection.reader.read() == b""
        gc.collect()
    assert "a bug" in repr(faults[0]["exception"])


async def test_a_request_that_comes_too_early_is_kept() -> None:
    started, first = asyncio.Event(), asyncio.Event()
    paths: list[str] = []

    async def handler(request: Request, wire: Wire) -> None:
        paths.append(request.path)
        started.set()
        await first.wait()
        await wire.respond(200, {})

    async with _serving(handler) as connection:
        connection.writer.write(_GET)
        await started.wait()
        connection.writer.write(_GET.replace(b"/a%20b", b"/second"))
        await asyncio.sleep(0.01)
        first.set()
        await connection.say(b"")
        await connection.say(b"")
    assert paths == ["/a b", "/second"]


async def test_stopping_drops_open_connections() -> None:
    async def handler(_: Request, wire: Wire) -> None:
        await wire.begin(200, {})
        await wire.fall_silent()

    service = Service(handler)
    url = await service.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(_GET)
    await reader.readuntil(b"\r\n\r\n")
    await service.stop()
    assert await reader.read() == b""
    writer.close()


async def test_stopping_waits_for_no_caller_who_does_not_read() -> None:
    began = asyncio.Event()

    async def handler(_: Request, wire: Wire) -> None:
        began.set()
        while True:
            await wire.send(b"x" * 100_000)

    async with _serving(handler) as connection:
        connection.writer.write(_GET)
        await began.wait()
        await asyncio.sleep(0.01)


async def test_a_service_that_never_started_can_be_stopped() -> None:
    async def handler(_: Request, wire: Wire) -> None:
        await wire.respond(200, {})

    await Service(handler).stop()


async def test_an_address_of_ip_version_6_stands_in_brackets() -> None:
    async def handler(_: Request, wire: Wire) -> None:
        await wire.respond(200, {})

    service = Service(handler)
    try:
        url = await service.start("::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    await service.stop()
    assert url.startswith("http://[::1]:")
