"""One timer of the event loop for many moments, most of which never come.

To set a timer of its own for each, and to take it down, costs a request as much as a write does.
"""

import asyncio
from math import inf
from typing import Protocol

GRAIN = 0.05
"""Seconds between two looks at all alarms, however many are due between them."""


class Alarm(Protocol):
    """What is called at a moment; it may move that while it waits, to a later one."""

    at: float
    """When, by the clock of the loop."""

    def ring(self) -> None:
        """Be called once, some time after `at`; nothing may be raised."""


class Alarms:
    """The alarms that are set, in one event loop."""

    def __init__(self) -> None:
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

    def drop(self, alarm: Alarm) -> bool:
        """Call it no more; tells whether it was set."""
        if alarm in self._set:
            del self._set[alarm]
            return True
        return False

    def _look_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = moment
        self._timer = asyncio.get_running_loop().call_at(moment, self._look)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        due = [alarm for alarm in self._set if alarm.at <= now]
        for alarm in due:
            del self._set[alarm]
        self._timer, self._next = None, inf
        if self._set:
            self._look_at(max(now + GRAIN, min(alarm.at for alarm in self._set)))
        for alarm in due:
            alarm.ring()
