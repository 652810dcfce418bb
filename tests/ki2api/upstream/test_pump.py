"""The pump, against real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from ki2api.errors import (
    GatewayError,
    Overloaded,
    UpstreamDisconnected,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUntrusted,
)
from ki2api.upstream.pump import ENOUGH, Pump

pytestmark = pytest.mark.anyio
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def upstream(serve: Serve) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(None)) as http:
        yield http, f"http://127.0.0.1:{port}/"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_what_arrives_between_two_reads_is_one_piece() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for data in (b"one", b"two", b"three"):
            writer.write(HEAD * (data == b"one") + chunk(data))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async with upstream(serve) as (http, url), Pump(http, httpx.Request("GET", url)) as pump:
        assert pump.status == 200
        while not pump._ended:
            await asyncio.sleep(0)
        assert await pump.read() == b"onetwothree"
        assert await pump.read() == b""
        assert await pump.read() == b""


async def test_a_connection_that_breaks_off_is_told_after_what_came() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b"half"))
        await writer.drain()

    async with upstream(serve) as (http, url), Pump(http, httpx.Request("GET", url)) as pump:
        assert await pump.read() == b"half"
        with pytest.raises(UpstreamDisconnected):
            await pump.read()
        with pytest.raises(UpstreamDisconnected):
            await pump.read()


async def test_nobody_listening_is_an_upstream_that_cannot_be_reached() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(UpstreamUnavailable):
            async with Pump(http, httpx.Request("GET", f"http://127.0.0.1:{port}/")):
                pass


async def test_a_host_that_cannot_prove_itself_by_tls_is_not_to_be_trusted() -> None:
    def foreign(_: httpx.Request) -> httpx.Response:
        try:
            raise ssl.SSLCertVerificationError("self-signed certificate")
        except ssl.SSLError as error:
            raise httpx.ConnectError("handshake failed") from error

    async with httpx.AsyncClient(transport=httpx.MockTransport(foreign)) as http:
        with pytest.raises(UpstreamUntrusted):
            async with Pump(http, httpx.Request("GET", "https://kiro.test/")):
                pass


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [(httpx.ConnectTimeout, UpstreamTimeout), (httpx.PoolTimeout, Overloaded)],
)
async def test_what_takes_too_long_to_begin_is_kiros_fault_or_ours(
    kind: type[httpx.HTTPError], meaning: type[GatewayError]
) -> None:
    def late(_: httpx.Request) -> httpx.Response:
        raise kind("late")

    async with httpx.AsyncClient(transport=httpx.MockTransport(late)) as http:
        with pytest.raises(meaning):
            async with Pump(http, httpx.Request("GET", "http://kiro.test/")):
                pass


async def test_a_proxy_that_fails_is_named_and_not_kiro() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    proxy = f"127.0.0.1:{port}"
    async with httpx.AsyncClient(trust_env=False, proxy=f"http://{proxy}") as http:
        with pytest.raises(UpstreamUnavailable) as told:
            async with Pump(http, httpx.Request("GET", "https://kiro.test/"), proxy=proxy):
                pass
    assert told.value.detail == (
        f"Kiro cannot be reached at kiro.test: the proxy {proxy} cannot be reached."
    )


@pytest.mark.parametrize(("limit", "read"), [(100, b"onetwo"), (3, b"one"), (0, b"")])
async def test_no_more_is_read_than_is_wanted(limit: int, read: bytes) -> None:
    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in (b"one", b"two"):
                yield piece
                while not pumps or pumps[0]._waiting:
                    await asyncio.sleep(0)

    pumps: list[Pump] = []

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Slow()))
    async with (
        httpx.AsyncClient(transport=transport) as http,
        Pump(http, httpx.Request("GET", "https://kiro.test/")) as pump,
    ):
        pumps.append(pump)
        assert await pump.read_upto(limit) == read


async def test_reading_pauses_while_nobody_takes() -> None:
    sent = 0

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD)
        for _number in range(400):
            writer.write(chunk(b"x" * 65536))
            await writer.drain()
            sent += 65536
        writer.write(b"0\r\n\r\n")

    async with upstream(serve) as (http, url), Pump(http, httpx.Request("GET", url)) as pump:
        while not pump._taken.is_set() and len(pump._waiting) < ENOUGH:
            await asyncio.sleep(0)
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(pump._waiting) < ENOUGH + 2 * 65536
        total = 0
        while data := await pump.read():
            total += len(data)
        assert total == 400 * 65536


async def test_thirty_double_cancels_leave_no_connection_behind() -> None:
    open_now = 0

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now
        open_now += 1
        try:
            writer.write(HEAD)
            while True:
                writer.write(chunk(b"hello"))
                await writer.drain()
                await asyncio.sleep(0.001)
        finally:
            open_now -= 1

    async with upstream(serve) as (http, url):

        async def consume() -> None:
            async with Pump(http, httpx.Request("GET", url)) as pump:
                while await pump.read():
                    pass

        for round_ in range(30):
            async with asyncio.TaskGroup() as group:
                task = group.create_task(consume())
                for _ in range(5 + round_ * 3):
                    await asyncio.sleep(0.001)
                task.cancel()
                await asyncio.sleep(0)
                task.cancel()
        while open_now:
            await asyncio.sleep(0.001)
        pool = http._transport._pool  # type: ignore[attr-defined]  # no public way to look
        assert pool.connections == []


class Broken(httpx.AsyncByteStream):
    """A body that breaks with an error that httpx does not know."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"half"
        raise ssl.SSLError("bad record mac")


async def test_a_body_that_breaks_in_any_way_has_not_ended_well() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Broken()))
    async with (
        httpx.AsyncClient(transport=transport) as http,
        Pump(http, httpx.Request("GET", "https://kiro.test/")) as pump,
    ):
        assert await pump.read() == b"half"
        with pytest.raises(UpstreamDisconnected):
            await pump.read()


async def test_an_error_that_httpx_does_not_know_is_not_waited_for() -> None:
    def strange(_: httpx.Request) -> httpx.Response:
        raise RuntimeError("what is this")

    async with httpx.AsyncClient(transport=httpx.MockTransport(strange)) as http:
        with pytest.raises(UpstreamUnavailable):
            async with Pump(http, httpx.Request("GET", "https://kiro.test/")):
                pass


async def test_stopping_twice_cancels_once() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(b"one"))
        await writer.drain()
        await reader.read()

    async with upstream(serve) as (http, url):
        async with Pump(http, httpx.Request("GET", url)) as pump:
            assert await pump.read() == b"one"
            await pump.stop()
            await pump.stop()
            assert pump._task.cancelling() == 1
        assert pump._task.cancelling() == 1


async def test_leaving_while_the_response_is_closed_leaves_no_connection_behind() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(HEAD + chunk(b"all at once") + b"0\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")

    async with upstream(serve) as (http, url):
        for steps in range(20):
            async with Pump(http, httpx.Request("GET", url)) as pump:
                await pump.read()
                for _ in range(steps):
                    await asyncio.sleep(0)
        pool = http._transport._pool  # type: ignore[attr-defined]  # no public way to look
        assert [connection.is_idle() for connection in pool.connections] == [True]
