"""A byte relay in Python, where there is no nginx: `python -m tests.bench.relay PORT URL`."""

import asyncio
import ssl
import sys
from urllib.parse import urlsplit

import uvloop


class Near(asyncio.Protocol):
    """A client's connection, with one to the upstream of its own."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._to = host, port, context

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one
        self.transport = transport
        self._waiting: list[bytes] = []
        self._far: asyncio.Transport | None = None
        host, port, context = self._to
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(
            loop.create_connection(lambda: Far(self), host, port, ssl=context)
        )

    def opened(self, far: asyncio.Transport) -> None:
        self._far = far
        far.writelines(self._waiting)

    def data_received(self, data: bytes) -> None:
        if self._far is None:
            self._waiting.append(data)
        else:
            self._far.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._opening.cancel()
        if self._far is not None:
            self._far.close()


class Far(asyncio.Protocol):
    """The connection to the upstream."""

    def __init__(self, near: Near) -> None:
        self._near = near

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one
        self._near.opened(transport)

    def data_received(self, data: bytes) -> None:
        self._near.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._near.transport.close()


async def _serve(port: int, upstream: str) -> None:
    url = urlsplit(upstream)
    context = ssl.create_default_context() if url.scheme == "https" else None
    server = await asyncio.get_running_loop().create_server(
        lambda: Near(url.hostname or "", url.port or 0, context), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
