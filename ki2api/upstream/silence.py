"""How long Kiro may be silent while somebody waits for it, for all the waits of one reply."""

import asyncio
from collections.abc import Callable

from ki2api.transport.limit import LATE


class Silence:
    """Calls `broken` when one wait (`with` it) has lasted for `seconds` since it was renewed.

    One timer that looks at the clock serves all waits: a timeout for each would cost several
    times what a frame does.
    """

    __slots__ = ("_broken", "_doubted", "_loop", "_seconds", "_timer", "_until", "_waiting")

    def __init__(self, seconds: float, broken: Callable[[], None]) -> None:
        self._seconds = seconds
        self._broken = broken
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = False

    def __enter__(self) -> None:
        self._waiting = True
        self.renew()
        if self._timer is None:
            self._timer = self._loop.call_at(self._until, self._look)

    def __exit__(self, *_: object) -> None:
        self._waiting = False

    def renew(self) -> None:
        """Give Kiro its whole time again."""
        self._until = self._loop.time() + self._seconds
        self._doubted = False

    def stop(self) -> None:
        """Look no more: there will be no further wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if not self._waiting:
            return  # the next wait sets it anew
        now = self._loop.time()
        if now < self._until:
            self._timer = self._loop.call_at(self._until, self._look)
        elif now - self._until > LATE and not self._doubted:  # it was our own loop that stood still
            self._doubted = True
            self._timer = self._loop.call_at(now + LATE, self._look)
        else:
            self._broken()
