"""Serves until a signal comes; shared by the commands that do."""

import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import loguru
import rich_click as click

from ki2api.accounts.sources import Found
from ki2api.app import create_app, opened
from ki2api.server import Server, configure
from ki2api.settings import Loaded

HOURLY = 3600.0
DEFAULT_KEY_WARNING = (
    "the default key is in force: anybody on this machine and its private networks can use your"
    " account; set API_KEY to a key of your own"
)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on the fastest event loop there is."""
    if sys.platform == "win32":
        asyncio.run(main)
        return
    import uvloop

    uvloop.run(main)


def stop(text: str, status: int) -> NoReturn:
    """End the command with one line on standard error."""
    click.echo(f"ki2api: {text}", err=True)
    raise SystemExit(status)


def listen(host: str, port: int) -> socket.socket:
    """Take the port, or end the command saying what is wrong with it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        option = "--port" if error.errno == errno.EADDRINUSE else "--host or --port"
        stop(f"cannot listen on {host}:{port}: {reason}; try another {option}", 1)


async def serve_until_stopped(
    loaded: Loaded, found: Found, listening: socket.socket, ready: Callable[[str], None]
) -> None:
    """Open the gateway, serve on the socket, and drain when a signal comes."""
    settings = loaded.settings
    async with opened(loaded, found) as gateway, asyncio.TaskGroup() as group:
        chain = " > ".join(name for name, _ in gateway.chain.stages)
        loguru.logger.info("settings: {}; pipeline: {} > Kiro", loaded.source, chain)
        host, port = listening.getsockname()[:2]
        config = configure(
            create_app(gateway), host=host, port=port, drain_seconds=settings.server.drain_seconds
        )
        server = Server(
            config,
            drain_seconds=settings.server.drain_seconds,
            last_call=gateway.answers.end_all,
            draining=lambda: _say_draining(len(gateway.answers), settings.server.drain_seconds),
        )
        group.create_task(_announce(server, lambda: ready(base_url(host, port))))
        exposed = gateway.keys.default_active and settings.upstream.kind == "kiro"
        nagging = group.create_task(_nag(exposed=exposed))
        await server.serve(sockets=[listening])
        nagging.cancel()


def _say_draining(open_answers: int, seconds: float) -> None:
    waiting = f"waiting up to {seconds:g} s for {open_answers} open answers; Ctrl+C again ends it"
    loguru.logger.info("stopping{}", f": {waiting}" if open_answers else "")


async def _announce(server: Server, ready: Callable[[], None]) -> None:
    await server.ready.wait()
    ready()


async def _nag(*, exposed: bool) -> None:
    while exposed:
        loguru.logger.warning(DEFAULT_KEY_WARNING)
        await asyncio.sleep(HOURLY)


def base_url(host: str, port: int) -> str:
    """Return the address to tell people; every interface is reached by this machine's own name."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - told, not bound
    return f"http://[{name}]:{port}" if ":" in name and "[" not in name else f"http://{name}:{port}"
