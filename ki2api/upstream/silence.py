"""How long Kiro may be silent while somebody waits for it, for all the waits of one reply."""

import asyncio
from collections.abc import Callable

from ki2api.alarms import Alarms


class Silence:
    """Calls `broken` when a wait has lasted for `seconds` since it began or was renewed.

    One alarm that is moved serves all waits: a timeout for each would cost several times what a
    frame does.
    """

    __slots__ = ("_alarms", "_broken", "_loop", "_seconds", "_set", "_waiting", "at")

    def __init__(self, seconds: float, broken: Callable[[], None], alarms: Alarms) -> None:
        self._seconds = seconds
        self._broken = broken
        self._alarms = alarms
        self._loop = asyncio.get_running_loop()
        self._set = self._waiting = False

    def renew(self) -> None:
        """Begin a wait, or give Kiro its whole time again."""
        self._waiting = True
        self.at = self._loop.time() + self._seconds
        if not self._set:
            self._set = True
            self._alarms.set(self)

    def rest(self) -> None:
        """End the wait."""
        self._waiting = False

    def stop(self) -> None:
        """Look no more: there will be no further wait."""
        self._alarms.drop(self)

    def ring(self) -> None:
        """Break off who waits, if anybody does; part of an alarm."""
        self._set = False  # the next wait sets it anew
        if self._waiting:
            self._broken()
