"""A moment of what `python -m tests.soak` does for long."""

import asyncio
from collections import Counter
from pathlib import Path

from tests.soak import Found, Held, soaked

SHORT = 0.05


def test_a_busy_moment_leaves_nothing_behind(tmp_path: Path) -> None:
    found = asyncio.run(soaked(SHORT, 10, tmp_path))
    assert found.faults(SHORT) == []
    assert found.before is not None
    assert found.before.connections == 0
    assert found.answers[0], "nobody left"


def test_what_is_left_behind_fails_or_grows_is_told() -> None:
    memory = [(float(minute), 50.0 + minute) for minute in range(10)]
    found = Found(Counter({200: 1, 500: 1}), memory, Held(1, 0, 9), Held(2, 0, 9))
    assert round(found.slope, 6) == 1
    assert len(found.faults(10)) == 3
    assert len(found.faults(1)) == 2
    assert Found(Counter(), memory).faults(1) == ["nobody was answered"]
