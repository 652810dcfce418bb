"""Runs the app under uvicorn, with a shutdown that ends what is open."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Generator
from types import FrameType

import uvicorn
from litestar.types import ASGIApp

from ki2api.connection import Config, Shared, StrictProtocol
from ki2api.stall import Stalls

GRACE_FOR_ERRORS = 3.0
"""Seconds before the end of a drain at which open streams are told that it is over."""


class Server(uvicorn.Server):
    """uvicorn with a clean exit status, and a last call to answers that outlast the drain."""

    def __init__(
        self,
        config: Config,
        *,
        drain_seconds: float,
        last_call: Callable[[], None],
        draining: Callable[[], None],
        stalls: Stalls | None = None,
    ) -> None:
        super().__init__(config)
        self._last_call = last_call
        self._draining = draining
        self._shared = config.shared
        self._stalls = stalls
        self._patience = max(0.0, drain_seconds - GRACE_FOR_ERRORS)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def on_tick(self, counter: int) -> bool:
        ends = await super().on_tick(counter)
        if self._stalls is not None:
            if ends:
                self._stalls.rest()
            else:
                self._stalls.beat()
        return ends

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as in uvicorn
        # The first signal begins the drain, the second one ends it.
        self.force_exit = self.should_exit
        if not self.should_exit:
            self._draining()
            self._shared.draining = True
            for connection in tuple(self.server_state.connections):
                connection.shutdown()
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


def configure(
    app: ASGIApp, *, host: str, port: int, drain_seconds: float, shared: Shared | None = None
) -> Config:
    """Say how uvicorn is to serve the app."""
    config = Config(
        app,
        host=host,
        port=port,
        http=StrictProtocol,
        interface="asgi3",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        # keys.py reads these headers itself: they make the rule of the default key stricter only.
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=max(1, round(drain_seconds)),
    )
    config.shared = shared or Shared()
    return config
