"""How accounts stand, written for a terminal of 80 columns."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from ki2api.cli.moments import written

Status = Mapping[str, Any]
"""One account of GET /v1/token/status."""
NOBODY = (
    "No account is configured. Set KIRO_API_KEY, run `ki2api login`, or log in to the Kiro IDE;"
    " `ki2api doctor` says where accounts are looked for."
)
COLUMNS = ("kind", "state", "returns", "asked", "used")
RESTING = "All rest for {}: two accounts were suspended within a minute; reset ends it."
COLOURS = {"ready": "green", "cooling": "yellow", "exhausted": "yellow"}


def standings(statuses: Sequence[Status], resting_for: float = 0.0) -> RenderableType:
    """Return a table of the accounts, and below it why some of them do not serve.

    Above it stands for how many seconds none of them does, if it is so.
    """
    if not statuses:
        return Text(NOBODY)
    # Only the column that may wrap gives way where a table is too wide.
    columns = (Column("account", overflow="ellipsis"), *(Column(c, no_wrap=True) for c in COLUMNS))
    table = Table(*columns, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for status in statuses:
        state = str(status["state"])
        table.add_row(
            Text(status["name"]),
            status["kind"],
            Text(state, style=COLOURS.get(state, "red")),
            returns(status["until"]),
            str(status["requests"]),
            _used(status["usage"]),
        )
    reasons = [Text(reason) for status in statuses for reason in _reasons(status)]
    above = [Text(resting(resting_for), style="red")] if resting_for else []
    return Group(*above, table, *([Text(""), *reasons] if reasons else []))


def resting(seconds: float) -> str:
    """Say that all accounts rest for so long."""
    return RESTING.format(_duration(seconds))


def _reasons(status: Status) -> Iterator[str]:
    if status["reason"]:
        yield f"{status['name']}: {status['reason']}"
    for model in status["models"]:
        until = f" for {returns(model['until'])}" if model["until"] else ""
        yield f"{status['name']}: {model['model']} is {model['state']}{until}: {model['reason']}"


def returns(until: float | None) -> str:
    """Say when an account returns: how long it takes, or for more than a day the date."""
    if until is None:
        return ""
    seconds = until - time.time()
    if seconds < 7200:  # noqa: PLR2004 - two hours
        return _duration(seconds)
    return written(until, "%H:%M" if seconds < 86_400 else "%Y-%m-%d")  # noqa: PLR2004 - a day


def _duration(seconds: float) -> str:
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds / 60:.0f} min"


def _used(usage: Mapping[str, Any] | None) -> str:
    if usage is None:
        return ""
    used, limit = (sum(pot[key] for pot in usage["pots"]) for key in ("used", "limit"))
    return f"{used:,.0f}/{limit:,.0f}"
