"""Certificates that prove nothing: no byte of a request goes to whoever shows one."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from ki2api.transport import Direct, Shielded
from ki2api.transport.direct import trusted
from tests.ki2api.transport.peers import CERTIFICATE

pytestmark = pytest.mark.anyio
EXPIRED = Path(__file__).with_name("expired.pem")
"""Of localhost, for these tests alone; for one day of 2020."""
ANOTHERS = Path(__file__).parents[1] / "fetching" / "pictures.example.pem"


@asynccontextmanager
async def showing(certificate: Path) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve by a certificate; gives the address and what was said there."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65_536))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/", heard
    finally:
        server.close()


def believing(*certificates: Path) -> ssl.SSLContext:
    context = trusted()
    for each in certificates:
        context.load_verify_locations(each)
    return context


TRANSPORTS: list[Callable[[ssl.SSLContext], httpx.AsyncBaseTransport]] = [
    lambda context: Direct(lambda: context),
    lambda context: Shielded(httpx.AsyncHTTPTransport(verify=context, trust_env=False)),
]


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["direct", "stock"])
@pytest.mark.parametrize(
    ("shown", "believed", "why"),
    [
        (CERTIFICATE, (), "self-signed"),
        (EXPIRED, (EXPIRED,), "expired"),
        (ANOTHERS, (ANOTHERS,), "Hostname mismatch"),
    ],
    ids=["unknown", "expired", "another's"],
)
async def test_whoever_cannot_prove_who_it_is_hears_nothing(
    transport: Callable[[ssl.SSLContext], httpx.AsyncBaseTransport],
    shown: Path,
    believed: tuple[Path, ...],
    why: str,
) -> None:
    async with showing(shown) as (url, heard):
        request = httpx.Request("POST", url, headers={"authorization": "a token"}, content=b"words")
        async with transport(believing(*believed)) as asking:
            with pytest.raises(httpx.ConnectError, match=why):
                await asking.handle_async_request(request)
    assert b"".join(heard) == b""


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["direct", "stock"])
async def test_whoever_can_is_asked(
    transport: Callable[[ssl.SSLContext], httpx.AsyncBaseTransport],
) -> None:
    async with showing(CERTIFICATE) as (url, heard):
        request = httpx.Request("POST", url, headers={"host": "localhost"}, content=b"words")
        async with transport(believing(CERTIFICATE)) as asking:
            answer = await asking.handle_async_request(request)
            await answer.aread()
    assert heard[0].startswith(b"POST / ")
