"""Many moments on one timer, on a loop whose time the test sets."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ki2api.alarms import GRAIN, LATE, Alarms


class Alarm:
    def __init__(self, at: float, rung: list[float], then: Callable[[], object] = bool) -> None:
        self.at = at
        self._rung = rung
        self._then = then

    def ring(self) -> None:
        self._rung.append(self.at)
        self._then()


class Day(asyncio.SelectorEventLoop):
    """A loop on which no time passes but when it has nothing else to do."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.timers = 0

    def time(self) -> float:
        return self.now

    def call_at(  # type: ignore[override]  # what it takes is passed on
        self, *args: Any, **more: Any
    ) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(*args, **more)

    async def passes(self, until: float, step: float = GRAIN / 2) -> None:
        while self.now < until:
            self.now = min(until, self.now + step)
            for _ in range(3):
                await asyncio.sleep(0)


def on(day: Day, work: Callable[[], Any]) -> None:
    try:
        day.run_until_complete(work())
    finally:
        day.close()


def test_each_rings_once_when_it_is_due_however_many_there_are() -> None:
    day, rung, alarms = Day(), list[float](), Alarms()

    async def work() -> None:
        for number in range(1000):
            alarms.set(Alarm(1 + number / 1000, rung))
        await day.passes(0.9)
        assert not rung
        await day.passes(2.5)
        assert sorted(rung) == [1 + number / 1000 for number in range(1000)]
        assert len(alarms) == 0
        assert day.timers < 2 / GRAIN

    on(day, work)


def test_an_earlier_one_does_not_wait_for_the_others() -> None:
    day, rung, alarms = Day(), list[float](), Alarms()

    async def work() -> None:
        for at in (9.0, 3.0, 5.0):
            alarms.set(Alarm(at, rung))
        await day.passes(3.1)
        assert rung == [3.0]
        await day.passes(9.1)
        assert rung == [3.0, 5.0, 9.0]

    on(day, work)


def test_one_that_was_moved_or_dropped_does_not_ring_at_its_time() -> None:
    day, rung, alarms = Day(), list[float](), Alarms()

    async def work() -> None:
        moved, dropped = Alarm(1.0, rung), Alarm(1.0, rung)
        alarms.set(moved)
        alarms.set(dropped)
        moved.at = 2.0
        for _ in range(2):
            alarms.drop(dropped)
        await day.passes(1.9)
        assert not rung
        await day.passes(2.1)
        assert rung == [2.0]

    on(day, work)


def test_one_may_set_others_and_itself_again_when_it_rings() -> None:
    day, rung, alarms = Day(), list[float](), Alarms()

    async def work() -> None:
        again = Alarm(1.0, rung)

        def set_again() -> None:
            if again.at < 3:
                again.at += 1
                alarms.set(again)

        again._then = set_again
        alarms.set(again)
        await day.passes(5)
        assert rung == [1.0, 2.0, 3.0]

    on(day, work)


def test_while_the_loop_stood_still_nobody_was_late() -> None:
    day, rung, alarms = Day(), list[float](), Alarms()

    async def work() -> None:
        for at in (1.0, 2.0):
            alarms.set(Alarm(at, rung))
        await day.passes(5, step=5)
        assert not rung
        await day.passes(5 + 2 * LATE)
        assert rung == [1.0, 2.0]

    on(day, work)


def test_a_loop_that_stands_still_again_and_again_is_no_reason_to_wait_for_ever() -> None:
    day, rung, alarms = Day(), list[float](), Alarms()

    async def work() -> None:
        alarms.set(Alarm(1.0, rung))
        await day.passes(20, step=5)
        assert rung == [1.0]

    on(day, work)


@pytest.mark.parametrize("many", [10, 100])
def test_what_is_set_and_dropped_again_costs_no_timer(many: int) -> None:
    day, alarms = Day(), Alarms()

    async def work() -> None:
        for _ in range(many):
            alarm = Alarm(day.time() + 10, [])
            alarms.set(alarm)
            await day.passes(day.time() + GRAIN / 2)
            alarms.drop(alarm)
        assert day.timers == 1

    on(day, work)
