"""Serves until a signal comes; shared by the commands that do."""

import asyncio
import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import loguru

from ki2api.app import DEFAULT_KEY_IN_FORCE
from ki2api.cli import collector, logs
from ki2api.cli.descriptors import most_connections
from ki2api.cli.words import base_url, stop
from ki2api.connection import Shared
from ki2api.pace import Pace
from ki2api.reload.generations import Generations, House, opened
from ki2api.reload.reloader import Force, Origins, Reloader, tell_settings
from ki2api.server import Server, configure
from ki2api.settings import Loaded, ServerSettings
from ki2api.stall import Stalls
from ki2api.web.stuck import Watch

HOURLY = 3600.0
OVERDUE = 2.0
"""Seconds that the process lives on at most when all that matters has ended."""
LONGEST_END = 20.0
"""Seconds from the last answer to the end at most: a refresh under way has 11 of them, and stages
some to stop. Whoever stops the process from outside must wait so long after `drain-seconds`."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on the fastest event loop there is, and leave behind what does not end."""
    with _limited(main) as limited:
        if sys.platform == "win32":
            asyncio.run(limited)
            return
        import uvloop

        uvloop.run(limited)


def _leave(status: int) -> None:
    loguru.logger.warning("what does not end is left behind")
    logs.finish()
    os._exit(status)


@contextmanager
def _deadline(seconds: float, status: int) -> Iterator[Callable[[], None]]:
    """Give what starts the time after which the process ends, whatever does not."""
    timer = threading.Timer(seconds, _leave, (status,))
    timer.daemon = True

    def start() -> None:
        with suppress(RuntimeError):  # no memory is left for a thread: no reason to end badly
            timer.start()

    try:
        yield start
    finally:
        timer.cancel()


@contextmanager
def _limited(main: Coroutine[Any, Any, None]) -> Iterator[Coroutine[Any, Any, None]]:
    """Give what to run; when it has ended, tasks and threads are waited for, but not for ever."""
    with _deadline(OVERDUE, 0) as overdue:

        async def limited() -> None:
            await main
            _hear_no_more()
            overdue()

        yield limited()


def _hear_no_more() -> None:
    """Let no further signal change the exit status of what has ended well."""
    if sys.platform == "win32":
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.remove_signal_handler(number)  # the loop's own end would give it back to its default
        signal.signal(number, signal.SIG_IGN)


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
    force: Force, origins: Origins, listening: socket.socket, ready: Callable[[str], None]
) -> None:
    """Open the gateway, serve on the socket, and drain when a signal comes.

    What changes in `origins` meanwhile comes into force.
    """
    loaded = force.loaded
    with _deadline(LONGEST_END, 1) as ending:
        async with (
            opened(loaded, force.found, lambda: origins.find(loaded)) as house,
            asyncio.TaskGroup() as group,
        ):
            tell_settings(loaded, house.generations.built)
            host, port = listening.getsockname()[:2]
            stalls = Stalls()
            server = _server(house, loaded.settings.server, (host, port), stalls)
            group.create_task(_announce(server, lambda: ready(base_url(host, port))))
            reloader = Reloader(origins, force, house, applied=_apply)
            work = (reloader.run(), _nag(house.generations), _watch(house).run())
            beside = [group.create_task(task) for task in work]
            with _hang_ups(reloader.ask, server), stalls:
                await server.serve(sockets=[listening])
            ending()
            for task in beside:
                task.cancel()


def _watch(house: House) -> Watch:
    generations = house.generations
    return Watch(house.shared.answers, lambda: generations.built.gateway.limits.stage_seconds)


def _server(house: House, settings: ServerSettings, at: tuple[str, int], stalls: Stalls) -> Server:
    (host, port), seconds = at, settings.drain_seconds
    pace = Pace(stall_seconds=settings.send_stall_seconds)
    shared = Shared(pace, house.generations.headers, most_connections())
    return Server(
        configure(house.generations, host=host, port=port, drain_seconds=seconds, shared=shared),
        drain_seconds=seconds,
        last_call=lambda: _end(house),
        draining=lambda: _drain(house, seconds),
        stalls=stalls,
    )


@contextmanager
def _hang_ups(ask: Callable[[], None], server: Server) -> Iterator[None]:
    """Let SIGHUP ask for new settings; but whoever closes the terminal means to end the server."""
    if sys.platform == "win32":
        yield
        return
    terminal = next((each for each in (0, 1, 2) if os.isatty(each)), None)

    def hung_up() -> None:
        if terminal is None or os.isatty(terminal):
            ask()
        else:
            server.handle_exit(signal.SIGTERM, None)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    try:
        yield
    finally:  # the default would be to die at once, with a refresh under way
        loop.add_signal_handler(signal.SIGHUP, lambda: None)


def _apply(loaded: Loaded) -> None:
    logs.configure(loaded.settings.log)


def _end(house: House) -> None:
    """Break off what is still open or waits."""
    house.shared.places.close()
    house.shared.answers.end_all()


def _drain(house: House, seconds: float) -> None:
    house.shared.draining = True
    open_answers = len(house.shared.answers)
    waiting = f"waiting up to {seconds:g} s for {open_answers} open answers; Ctrl+C again ends it"
    loguru.logger.info("stopping{}", f": {waiting}" if open_answers else "")


async def _announce(server: Server, ready: Callable[[], None]) -> None:
    await server.ready.wait()
    collector.settle()
    ready()


async def _nag(generations: Generations) -> None:
    while True:
        await asyncio.sleep(HOURLY)
        for warning in generations.built.warnings:
            if warning.startswith(DEFAULT_KEY_IN_FORCE):
                loguru.logger.warning("{}", warning)
