"""Runs a service on an event loop of its own, in a thread."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Protocol


class _Startable(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@contextmanager
def running(service: _Startable) -> Iterator[None]:
    """Start a service in a thread; stop it, and end the thread, on the way out."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="simulator", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(service.start(), loop).result()
        yield
    finally:
        asyncio.run_coroutine_threadsafe(service.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
