"""Each fault in each dialect, streamed and whole: told as it is, and nothing left behind."""

import os
from typing import Any

import pytest

from tests.journeys.faults.table import ROWS, Row

SWEEPS = os.environ.get("KI2API_SWEEPS")
CHOSEN = [row for row in ROWS if SWEEPS or not row.slow]


@pytest.mark.parametrize("row", CHOSEN, ids=[row.fault for row in CHOSEN])
def test_what_the_sdks_make_of_a_fault(shop: Any, row: Row) -> None:
    orders = [(row.scenario, row.times, row.values)]
    for form, stream in (("streamed", True), ("whole", False)):
        status, calls = row.streamed if stream else row.whole
        for dialect in ("chat", "responses", "messages"):
            seen = shop.meet(dialect, stream=stream, orders=orders)
            cell = f"{row.fault}, {form} {dialect}: {seen}"
            assert (seen.status, seen.calls) == (expected(status, dialect, row), calls), cell
            assert seen.word == word(status, dialect, row), cell
            states = (stream and row.midway) or row.states
            assert " ".join(seen.states) == states, cell
    assert shop.canaries() == []


BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "Hello"}]},
    "/v1/responses": {"input": "Hello"},
    "/v1/messages": {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 100},
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", BODIES)
def test_a_client_that_leaves_before_or_in_the_answer_takes_the_call_along(
    shop: Any, path: str, *, stream: bool
) -> None:
    body = {"model": "claude-sonnet-4.5", **BODIES[path], "stream": stream}
    for scenario, values in (("hang", {}), ("stall", {"at": 800})):
        seen = shop.leave(path, body, scenario, **values)
        assert (seen.status, seen.calls, seen.states) == (499, 1, ("ready", "ready")), scenario
    assert " 499 " in shop.log[-1] + shop.log[-2]


def expected(status: int, dialect: str, row: Row) -> int:
    """Return the status in a dialect: Anthropic has one of its own for what is overloaded."""
    return 529 if row.kind == "overloaded_error" and dialect == "messages" else status


def word(status: int, dialect: str, row: Row) -> str:
    """Return the word by which a dialect names the fault."""
    if status == 200:
        return ""
    if dialect == "messages":
        return row.kind
    return row.failed if dialect == "responses" and status == 0 else row.code
