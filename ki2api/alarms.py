"""One timer of the event loop for many moments, most of which never come.

To set a timer of its own for each, and to take it down, costs a request as much as a write does.
"""

import asyncio
from math import inf
from typing import Protocol

GRAIN = 0.05
"""Seconds between two looks at all alarms, however many are due between them."""
LATE = 0.25
"""Seconds after its time at which the timer is said to fire late: the loop stood still, and what
has come in meanwhile is still to be read. So much more time is given then, once."""


class Alarm(Protocol):
    """What is called at a moment; it may move that while it waits, to a later one."""

    at: float
    """When, by the clock of the loop."""

    def ring(self) -> None:
        """Be called once, some time after `at`; nothing may be raised."""


class Alarms:
    """The alarms that are set, in one event loop.

    They do not count against others what that loop has lost.
    """

    def __init__(self) -> None:
        self._doubted = False
        self._set: dict[Alarm, None] = {}
        self._next = inf
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._set)

    def set(self, alarm: Alarm) -> None:
        """Call it when its moment comes."""
        self._set[alarm] = None
        if alarm.at < self._next:
            self._look_at(alarm.at)

    def drop(self, alarm: Alarm) -> None:
        """Call it no more, if it is set."""
        self._set.pop(alarm, None)

    def _look_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = moment
        self._timer = asyncio.get_running_loop().call_at(moment, self._look)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        self._timer, before, self._next = None, self._next, inf
        self._doubted = now - before > LATE and not self._doubted
        if self._doubted:
            self._look_at(now + LATE)
            return
        due = [alarm for alarm in self._set if alarm.at <= now]
        for alarm in due:
            del self._set[alarm]
        if self._set:
            self._look_at(max(now + GRAIN, min(alarm.at for alarm in self._set)))
        for alarm in due:
            alarm.ring()
