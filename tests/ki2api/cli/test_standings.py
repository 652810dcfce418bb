"""How accounts stand, in 80 columns."""

import io
import time
from typing import Any

import pytest
from rich.console import Console

from ki2api.cli.standings import standings

READY: dict[str, Any] = {
    "name": "work",
    "kind": "identity-center",
    "state": "ready",
    "reason": "",
    "until": None,
    "requests": 12,
    "models": [],
    "usage": None,
}
USAGE = {"pots": [{"used": 12.4, "limit": 1000.0}, {"used": 0.0, "limit": 500.0}]}


def shown(*accounts: dict[str, Any]) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=80).print(standings([READY | account for account in accounts]))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_without_accounts_a_sentence_says_what_to_do() -> None:
    text = " ".join(shown())
    assert text.startswith("No account is configured.")
    assert "ki2api login" in text


def test_a_ready_account_is_one_line() -> None:
    head, line = shown({"usage": USAGE})
    assert head.split() == ["account", "kind", "state", "returns", "asked", "used"]
    assert line.split() == ["work", "identity-center", "ready", "12", "12/1,500"]


def test_the_widest_table_fits_and_nothing_of_it_is_cut() -> None:
    widest = {
        "name": "a-name-that-is-longer-than-any",
        "state": "quarantined",
        "until": time.time() + 10 * 86_400,
        "requests": 1_000_000,
        "usage": {"pots": [{"used": 10_000.0, "limit": 10_000.0}]},
    }
    _, line = shown(widest)
    name, *others = line.split()
    assert name.startswith("a-name-that")
    assert others[:2] == ["identity-center", "quarantined"]
    assert others[3:] == ["1000000", "10,000/10,000"]


def test_reasons_stand_below_the_table_in_full() -> None:
    reason = "its sign-in service cannot be reached, and that goes on for longer than a line"
    model = {
        "model": "claude-opus-4.5",
        "state": "cooling",
        "reason": "there is no capacity for it",
        "until": time.time() + 12.4,
    }
    lines = shown({"state": "cooling", "reason": reason}, {"name": "home", "models": [model]})
    text = " ".join(lines[4:])
    assert text == (
        f"work: {reason} home: claude-opus-4.5 is cooling for 12 s: there is no capacity for it"
    )


@pytest.mark.parametrize(
    ("seconds", "said"), [(-5, "0 s"), (12.2, "12 s"), (119, "119 s"), (600, "10 min")]
)
def test_an_account_returns_in_so_much_time(seconds: float, said: str) -> None:
    _, line = shown({"state": "cooling", "until": time.time() + seconds + 0.2})
    assert f"  {said}  " in line


def test_a_far_return_is_a_time_or_a_day() -> None:
    _, line = shown({"until": time.time() + 3 * 3600})
    assert ":" in line
    _, line = shown({"until": 4_000_000_000})
    assert "2096-10-0" in line


def test_a_name_is_text_and_no_markup() -> None:
    _, line = shown({"name": "[red]x[/red]"})
    assert line.startswith("[red]x[/red]")


def test_that_all_rest_stands_above_the_table() -> None:
    file = io.StringIO()
    Console(file=file, width=80).print(standings([READY], 290.4))
    first, head, _ = file.getvalue().splitlines()
    assert (
        first == "All rest for 5 min: two accounts were suspended within a minute; reset ends it."
    )
    assert head.startswith("account")


def test_a_date_that_no_calendar_has_ends_nothing() -> None:
    assert "at no known time" in shown({"state": "exhausted", "until": 1e297})[1]
