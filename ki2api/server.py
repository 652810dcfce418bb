"""Runs the app under uvicorn: limits on request heads, and a shutdown that ends what is open."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Generator
from types import FrameType

import uvicorn
from litestar.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GRACE_FOR_ERRORS = 3.0
"""Seconds before the end of a drain at which open streams are told that it is over."""


class StrictProtocol(HttpToolsProtocol):
    """HTTP/1.1 with limits on the head of a request.

    A head that is late is answered 408, one that is too large 431, and one without exactly one
    Host 400; the connection is closed. uvicorn and httptools have no such limits of their own.
    """

    head_seconds = 10.0
    head_bytes = 32 * 1024
    head_fields = 100

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._size = self._fields = self._hosts = 0
        self._deadline = self.loop.call_later(self.head_seconds, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._size = self._fields = self._hosts = 0
        if self._deadline.cancelled():
            self._deadline = self.loop.call_later(self.head_seconds, self._late)

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        self._hosts += name.lower() == b"host"
        self._grow(len(name) + len(value) + len(b": \r\n"))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._deadline.cancel()
        if self._hosts != 1:
            self._refuse(b"400 Bad Request")
        super().on_headers_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Warn of nothing: a client that wants a WebSocket is answered, and told so."""

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self.head_bytes or self._fields > self.head_fields:
            self._refuse(b"431 Request Header Fields Too Large")

    def _late(self) -> None:
        if not self.transport.is_closing():
            self._close_with(b"408 Request Timeout")

    def _refuse(self, status: bytes) -> None:
        self._close_with(status)
        # The parser stops at an error of a callback; uvicorn then writes to a closing connection.
        raise ValueError(status.decode())

    def _close_with(self, status: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
        self.transport.close()


class Server(uvicorn.Server):
    """uvicorn with a clean exit status, and a last call to answers that outlast the drain."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        drain_seconds: float,
        last_call: Callable[[], None],
        draining: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._last_call = last_call
        self._draining = draining
        self._patience = max(0.0, drain_seconds - GRACE_FOR_ERRORS)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as in uvicorn
        # The first signal begins the drain, the second one ends it.
        self.force_exit = self.should_exit
        if not self.should_exit:
            self._draining()
            asyncio.get_running_loop().call_later(self._patience, self._last_call)
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn raises the signal again when it has ended, which makes a clean stop look failed.
        if sys.platform == "win32":
            with super().capture_signals():
                yield
            return
        # Nor is a signal given back to its default: what comes after the requests ends by itself
        # soon, and one more signal must not cut off a refresh whose token is the only one left.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def configure(app: ASGIApp, *, host: str, port: int, drain_seconds: float) -> uvicorn.Config:
    """Say how uvicorn is to serve the app."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=StrictProtocol,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        # keys.py reads these headers itself: they make the rule of the default key stricter only.
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=max(1, round(drain_seconds)),
    )
