"""A server that says, byte for byte, what a test wants, and the transports that talk to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from ki2api.transport import Direct, Shielded

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Of localhost, for these tests alone; until 2126."""
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """Serves each connection by the test's own function, and counts them."""

    def __init__(self, serve: Serve, *, tls: bool) -> None:
        self._serve = serve
        self._scheme = "https" if tls else "http"
        self.port = 0
        self.connections = 0
        self.open = 0

    def url(self, path: str = "/") -> str:
        return f"{self._scheme}://localhost:{self.port}{path}"

    async def serving(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, RuntimeError):
            pass  # the other side left; uvloop says so by a RuntimeError
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def served(serve: Serve, *, tls: bool = False) -> AsyncIterator[Peer]:
    peer = Peer(serve, tls=tls)
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        context.set_alpn_protocols(["h2", "http/1.1"])
    server = await asyncio.start_server(peer.serving, "127.0.0.1", 0, ssl=context)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()


def saying(*answers: bytes) -> Serve:
    """Answer the requests of a connection in turn with these bytes, and then close it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    return serve


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    context.set_alpn_protocols(["http/1.1"])
    return context


def direct() -> Direct:
    return Direct(trusting)


def stock() -> Shielded:
    return Shielded(httpx.AsyncHTTPTransport(verify=trusting(), trust_env=False))


async def told(transport: httpx.AsyncBaseTransport, url: str, method: str = "GET") -> bytes:
    """Ask, and read the answer to its end."""
    response = await transport.handle_async_request(httpx.Request(method, url))
    try:
        return await response.aread()
    finally:
        await response.aclose()
