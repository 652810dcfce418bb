"""A request may be cancelled anywhere, even twice, and leaves nothing behind."""

import asyncio
from pathlib import Path

import httpx
import pytest

from ki2api.transport import Direct
from tests.ki2api.transport.peers import chunk, saying, served, stock, told

pytestmark = pytest.mark.anyio
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
ENDED = HEAD + chunk(b"hello") + b"0\r\n\r\n"
STEPS = 25


async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer piece by piece, with a turn of the event loop between two."""
    while True:
        await reader.readuntil(b"\r\n\r\n")
        for piece in (HEAD, chunk(b"one"), chunk(b"two"), b"0\r\n\r\n"):
            writer.write(piece)
            await asyncio.sleep(0)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_cancelled_request_leaves_nothing_behind(
    transport: httpx.AsyncBaseTransport, times: int, *, tls: bool
) -> None:
    async with served(slow, tls=tls) as peer:
        assert await told(transport, peer.url()) == b"onetwo"
        for steps in range(STEPS):
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(told(transport, peer.url()))
                for _ in range(steps):
                    await asyncio.sleep(0)
                for _ in range(times):
                    asking.cancel()
                    await asyncio.sleep(0)
            assert await told(transport, peer.url()) == b"onetwo"
        while peer.open > 1:
            await asyncio.sleep(0.001)
        if isinstance(transport, Direct):
            assert (len(transport.pool), transport.pool.idle) == (1, 1)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_a_connection_that_is_cancelled_while_it_is_made_is_closed(
    own: Direct, *, tls: bool
) -> None:
    async with served(slow, tls=tls) as peer:
        assert await told(own, peer.url()) == b"onetwo"
        await own.aclose()
        while peer.open:
            await asyncio.sleep(0)
        before = descriptors()
        for steps in range(STEPS):
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(told(own, peer.url()))
                for _ in range(steps):
                    await asyncio.sleep(0)
                asking.cancel()
            await own.aclose()
        while peer.open or len(own.pool) or descriptors() > before:
            await asyncio.sleep(0.001)


async def test_what_httpx_forgets_of_a_connection_that_was_being_made_is_closed() -> None:
    transport = stock()
    async with served(slow) as peer:
        for steps in range(4 * STEPS):
            asking = asyncio.ensure_future(told(transport, peer.url()))
            for _ in range(steps):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait({asking})
            while transport._errands:
                await asyncio.sleep(0)
            pool = transport._inside._pool  # type: ignore[attr-defined]  # no public way to look
            busy = [each for each in pool.connections if not (each.is_idle() or each.is_closed())]
            assert busy == [], steps
            for each in pool.connections:
                await each.aclose()
    await transport.aclose()


async def test_leaving_while_the_response_is_closed_leaves_no_connection_behind() -> None:
    transport = stock()
    async with served(saying(*[ENDED] * 20)) as peer:
        for steps in range(20):
            response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
            for _ in range(steps):
                await asyncio.sleep(0)
            await response.aclose()
        while transport._errands:
            await asyncio.sleep(0)
        pool = transport._inside._pool  # type: ignore[attr-defined]  # no public way to look
        assert all(connection.is_idle() for connection in pool.connections)
    await transport.aclose()


async def test_closing_the_transport_breaks_off_what_is_under_way(
    transport: httpx.AsyncBaseTransport,
) -> None:
    async def broken_off(response: httpx.Response) -> None:
        with pytest.raises(httpx.TransportError):
            await response.aread()

    async with served(saying(HEAD + chunk(b"half"), b"")) as peer:
        response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
        async with asyncio.TaskGroup() as group:
            group.create_task(broken_off(response))
            await asyncio.sleep(0)
            await transport.aclose()
