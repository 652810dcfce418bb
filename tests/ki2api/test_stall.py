"""When the loop counts as standing still, by a clock that is set, and once in earnest."""

import sys
import time
from collections.abc import Callable

import pytest

from ki2api.stall import EVERY, PATIENCE, QUIET, Stalls


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def watched() -> tuple[Stalls, Clock, list[str], Callable[[float], None]]:
    told: list[str] = []
    clock = Clock()
    stalls = Stalls(told.append, clock)

    def later(seconds: float) -> None:
        clock.now += seconds
        stalls.look(sys._getframe())

    return stalls, clock, told, later


def test_a_beat_that_is_late_is_told_with_its_place_and_once() -> None:
    stalls, _, told, later = watched()
    stalls.beat()
    later(EVERY)
    later(EVERY * 0.9)
    assert not told
    later(EVERY)
    later(EVERY)
    assert len(told) == 1
    assert "test_stall.py" in told[0]
    assert "later" in told[0]
    stalls.beat()
    for _ in range(round(QUIET / EVERY) + 5):
        later(EVERY)
    assert len(told) == 2


@pytest.mark.parametrize("end", [True, False])
def test_where_no_beat_is_expected_none_is_missed(*, end: bool) -> None:
    stalls, _, told, later = watched()
    if end:
        stalls.beat()
        stalls.rest()
    for _ in range(9):
        later(EVERY)
    assert not told


def test_a_thread_that_was_late_itself_blames_nobody() -> None:
    stalls, _, told, later = watched()
    stalls.beat()
    later(EVERY + 2 * PATIENCE)
    assert not told


def test_the_thread_sees_where_this_one_sleeps() -> None:
    told: list[str] = []
    with Stalls(told.append) as stalls:
        stalls.beat()
        for _ in range(600):
            if told:
                break
            time.sleep(0.1)
    assert "test_the_thread_sees_where_this_one_sleeps" in told[0]
