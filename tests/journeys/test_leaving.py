"""Clients that leave, one after another: Kiro is let go each time, and nothing is left behind."""

import asyncio
from pathlib import Path

from tests.bench.aborts import measured

COUNT = 24


def test_who_leaves_leaves_nothing_behind(tmp_path: Path) -> None:
    found = asyncio.run(measured(COUNT, tmp_path))
    assert len(found.streamed) == len(found.whole) == COUNT // 2
    assert found.before is not None
    assert found.after == found.before
    assert (found.before.slots, found.before.calls) == (0, 0)
