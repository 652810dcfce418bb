"""A limit of time that does not count against others what our own event loop has lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LATE = 0.25
"""Seconds after its time at which a timer is said to fire late: the loop stood still, and what has
come in meanwhile is still to be read. So much more time is given then, once."""


@asynccontextmanager
async def at_most(seconds: float | None) -> AsyncIterator[None]:
    """Give what is inside so many seconds, None for any time; raises TimeoutError."""
    async with asyncio.timeout(None) as limit:
        if seconds is None:
            yield
            return
        end = _End(limit, seconds)
        try:
            yield
        finally:
            end.forget()


class _End:
    """The moment at which a limit is over."""

    def __init__(self, limit: asyncio.Timeout, seconds: float) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._at = self._loop.time() + seconds
        self._timer = self._loop.call_at(self._at, self._come)

    def forget(self) -> None:
        self._timer.cancel()

    def _come(self) -> None:
        now = self._loop.time()
        if now - self._at > LATE:
            self._timer = self._loop.call_at(now + LATE, self._limit.reschedule, now)
        else:
            self._limit.reschedule(now)
