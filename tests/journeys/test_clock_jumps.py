"""A server on whose machine somebody sets the clock, by hours and while it serves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ki2api.simulator import Simulator

ASK: dict[str, Any] = {
    "model": "claude-sonnet-4.5",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "Hello"}],
}
HOURS = 3600.0
SETTABLE = '''"""Every interpreter that finds this on its path has a clock that a file sets."""

import time
from pathlib import Path

REAL, SET = time.time, Path(__file__).with_name("set")
time.time = lambda: REAL() + float(SET.read_text())
'''


@pytest.fixture
def set_clock(tmp_path: Path) -> Callable[[float], None]:
    """Sets the clock of servers that are started with this folder as PYTHONPATH."""
    (tmp_path / "sitecustomize.py").write_text(SETTABLE)

    def set_to(seconds: float) -> None:
        (tmp_path / "set.new").write_text(str(seconds))
        (tmp_path / "set.new").rename(tmp_path / "set")

    set_to(0.0)
    return set_to


@pytest.mark.parametrize("hours", [-2.0, 2.0])
def test_a_clock_that_is_set_ends_neither_tokens_nor_pauses(
    simulator: Simulator,
    start: Any,
    tmp_path: Path,
    set_clock: Callable[[float], None],
    hours: float,
) -> None:
    account = simulator.add_account("only")
    gateway = start(simulator, environ={"PYTHONPATH": str(tmp_path)})
    with gateway.http() as http:

        def ask() -> int:
            return int(http.post("/v1/messages", json=ASK).status_code)

        assert ask() == 200
        set_clock(hours * HOURS)
        assert ask() == 200
        account.expire_access()
        assert [ask() for _ in range(5)] == [200] * 5
        assert account.refreshes == 2

        simulator.order("throttled", 1, retry_after=60)
        assert ask() == 429
        set_clock(0.0)
        assert ask() == 429
        assert gateway.statuses()["only"]["state"] == "cooling"
        assert http.post("/v1/token/reset").json()["reset"] == 1
        assert ask() == 200
    assert account.refreshes == 2
