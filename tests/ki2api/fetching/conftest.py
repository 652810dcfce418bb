"""A host of pictures that runs here, over real TLS, and names that lead to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ki2api.fetching.fetcher import Fetcher

CERTIFICATE = Path(__file__).with_name("pictures.example.pem")
"""Of pictures.example and cdn.example, for these tests alone; until 2126."""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
FOUND = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(PNG) + PNG


def moved(to: str, status: int = 302) -> bytes:
    head = f"HTTP/1.1 {status} Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
    return head.encode()


class Host:
    """Answers each path with the bytes it was given; keeps the heads of what was asked."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: dict[str, bytes] = {}
        self.heads: list[str] = []
        self.connections = 0
        self.hangs = asyncio.Event()

    @property
    def paths(self) -> list[str]:
        return [head.split(" ")[1] for head in self.heads]

    def url(self, path: str, name: str = "pictures.example") -> str:
        return f"https://{name}:{self.port}{path}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Host"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.hangs.set()
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            answer = self.answers.get(head.split(" ")[1], FOUND)
            if not answer:
                await self.hangs.wait()
            writer.write(answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client hung up
        finally:
            writer.close()


class Names:
    """A resolver that answers as it is told, and otherwise as for a host that runs here."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Sequence[str]]] = {}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        del port
        self.asked.append(host)
        queue = self.answers.get(host, [["127.0.0.1"]])
        return queue.pop(0) if len(queue) > 1 else queue[0]


def trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with Host().running() as running:
        yield running


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def fetcher(host: Host, names: Names) -> Fetcher:
    """Reaches the host that runs here, and takes its address for a public one."""
    return Fetcher(
        resolve=names,
        admits=lambda address: address in {"127.0.0.1", "127.0.0.9"},
        ports={host.port},
        trust=trust,
    )
