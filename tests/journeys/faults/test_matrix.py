"""Each fault in each dialect, streamed and whole: told as it is, and nothing left behind."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.faults.table import ROWS, Row

SWEEPS = os.environ.get("KI2API_SWEEPS")
CHOSEN = [row for row in ROWS if SWEEPS or not row.slow]
FORMS = [(stream, name) for stream in (True, False) for name in ("chat", "responses", "messages")]


@pytest.mark.parametrize("row", CHOSEN, ids=[row.fault for row in CHOSEN])
def test_what_the_sdks_make_of_a_fault(shop: Any, row: Row) -> None:
    orders = [(row.scenario, row.times, row.values)]
    for stream, dialect in FORMS:
        status, calls = row.streamed if stream else row.whole
        seen = shop.meet(dialect, stream=stream, orders=orders)
        cell = f"{row.fault}, {dialect}, stream={stream}: {seen}"
        assert (seen.status, seen.calls) == (expected(status, dialect, row), calls), cell
        assert seen.word == word(status, dialect, row), cell
        states = (stream and row.midway) or row.states
        assert " ".join(seen.states) == states, cell
    assert shop.canaries() == []


LAST = {
    "/v1/chat/completions": "data: [DONE]\n",
    "/v1/responses": "event: response.completed\n",
    "/v1/messages": "event: message_stop\n",
}


@pytest.mark.parametrize("path", LAST)
def test_a_reply_that_ends_twice_has_one_end_and_all_its_words(shop: Any, path: str) -> None:
    body = {"model": "claude-sonnet-4.5", **BODIES[path], "stream": True}
    told = shop.raw(path, body, "ended-twice")
    assert told.count(LAST[path]) == 1
    assert told.rstrip().rpartition("\n\n")[2].startswith(LAST[path].rstrip())
    assert "And more." in told


STAGE = '''"""Hands on what no encoder knows."""

def event(flow, event):
    return event if "Ended" not in type(event).__name__ else object()
'''


def test_a_mistake_of_an_encoder_is_told_with_the_id_of_the_log(
    shop_of: Any, tmp_path: Path
) -> None:
    (tmp_path / "odd.py").write_text(STAGE)
    (tmp_path / "odd.py").chmod(0o600)
    shop = shop_of(tmp_path, {"stage": "odd.py", "after": "encode-stream"})
    for stream, dialect in FORMS:
        seen = shop.meet(dialect, stream=stream, orders=[])
        failed = "server_error" if stream and dialect == "responses" else "internal_error"
        word = "api_error" if dialect == "messages" else failed
        assert (seen.status, seen.word) == (0 if stream else 500, word), (stream, dialect)
        assert seen.calls == 1
    flows = {line.partition(" ")[0] for line in shop.log if "Traceback" in line}
    assert len(flows) == len(FORMS)
    assert len(shop.answers) == len(FORMS)
    for told in shop.answers:
        assert any(flow in told for flow in flows), told


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
        told = len(shop.log)
        seen = shop.leave(path, body, scenario, **values)
        assert (seen.status, seen.calls, seen.states) == (499, 1, ("ready", "ready")), scenario
        assert shop.told(r"claude-sonnet-4\.5 (\d+) ", told) == "499"


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
