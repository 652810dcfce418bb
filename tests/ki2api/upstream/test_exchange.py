"""What a call to Kiro gives, and what it means where it fails."""

import asyncio
import ssl
from collections.abc import AsyncIterator
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
from ki2api.transport import Common, Direct, Outgoing, Shielded
from ki2api.upstream.exchange import Exchange

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def get(
    transport: httpx.AsyncBaseTransport, url: str = "https://kiro.test/", proxy: str = ""
) -> AsyncIterator[Exchange]:
    ours = transport if isinstance(transport, Direct | Shielded) else Shielded(transport)
    exchange = Exchange(ours, Outgoing(Common("GET", httpx.URL(url))), proxy=proxy)
    await exchange.begin()
    async with exchange:
        yield exchange


def answering(*pieces: bytes | Exception) -> httpx.MockTransport:
    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece

    return httpx.MockTransport(lambda _: httpx.Response(200, stream=Body()))


def failing(error: Exception) -> httpx.MockTransport:
    def handle(_: httpx.Request) -> httpx.Response:
        raise error

    return httpx.MockTransport(handle)


async def test_what_comes_is_read_to_its_end() -> None:
    async with get(answering(b"one", b"two")) as exchange:
        assert exchange.status == 200
        assert [await exchange.read() for _ in range(3)] == [b"onetwo", b"", b""]


async def test_nobody_listening_is_an_upstream_that_cannot_be_reached() -> None:
    with pytest.raises(UpstreamUnavailable):
        async with get(Direct(), f"http://127.0.0.1:{await nobody()}/"):
            pass


async def test_a_host_that_cannot_prove_itself_by_tls_is_not_to_be_trusted() -> None:
    error = httpx.ConnectError("handshake failed")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    with pytest.raises(UpstreamUntrusted):
        async with get(failing(error)):
            pass


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        (httpx.ConnectTimeout, UpstreamTimeout),
        (httpx.WriteTimeout, UpstreamTimeout),
        (httpx.PoolTimeout, Overloaded),
    ],
)
async def test_what_takes_too_long_to_begin_is_kiros_fault_or_ours(
    kind: type[httpx.HTTPError], meaning: type[GatewayError]
) -> None:
    with pytest.raises(meaning):
        async with get(failing(kind("late"))):
            pass


async def test_a_proxy_that_fails_is_named_and_not_kiro() -> None:
    proxy = f"127.0.0.1:{await nobody()}"
    transport = Shielded(httpx.AsyncHTTPTransport(proxy=f"http://{proxy}", trust_env=False))
    with pytest.raises(UpstreamUnavailable) as told:
        async with get(transport, proxy=proxy):
            pass
    assert told.value.detail == (
        f"Kiro cannot be reached at kiro.test: the proxy {proxy} cannot be reached."
    )
    await transport.aclose()


async def test_an_error_that_httpx_does_not_know_is_an_upstream_that_cannot_be_reached() -> None:
    with pytest.raises(UpstreamUnavailable):
        async with get(failing(RuntimeError("what is this"))):
            pass


async def test_what_comes_is_read_to_its_end_or_to_a_limit() -> None:
    async with get(answering(b"one", b"two")) as exchange:
        assert await exchange.read_upto(100) == b"onetwo"


@pytest.mark.parametrize(("limit", "read"), [(3, b"one"), (0, b"")])
async def test_no_more_is_read_than_is_wanted(limit: int, read: bytes) -> None:
    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"one"
            await asyncio.Event().wait()

    async with get(httpx.MockTransport(lambda _: httpx.Response(200, stream=Body()))) as exchange:
        assert await exchange.read_upto(limit) == read


@pytest.mark.parametrize("error", [httpx.ReadError("reset"), ssl.SSLError("bad record mac")])
async def test_a_body_that_breaks_in_any_way_has_not_ended_well(error: Exception) -> None:
    async with get(answering(b"half", error)) as exchange:
        assert await exchange.read() == b"half"
        for _ in range(2):
            with pytest.raises(UpstreamDisconnected):
                await exchange.read()


async def test_leaving_closes_the_response_once_it_was_stopped_or_not() -> None:
    closed = 0

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"one"

        async def aclose(self) -> None:
            nonlocal closed
            closed += 1

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Body()))
    async with get(transport):
        pass
    assert closed == 1
    async with get(transport) as exchange:
        await exchange.stop()
        assert closed == 2


async def nobody() -> int:
    """Return a port where nobody listens."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
