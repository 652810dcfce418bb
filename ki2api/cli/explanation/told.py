"""What was found about a request, written for a terminal of 80 columns."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from ki2api.accounts.lease import NOBODY
from ki2api.cli.explanation.findings import Findings, Measured
from ki2api.cli.explanation.run import Told

_LONGEST = 1_000
"""Characters of a text in the JSON at the end."""
_COLUMNS = ("figure", "value", "limit", "used", "rule")


def told(found: Findings) -> RenderableType:
    """Return all that was found but the JSON at its end, which must not be wrapped."""
    return Group(*_sections(found))


def document(found: Findings, *, cut: bool = False) -> str:
    """Return the JSON at the end: what Kiro would get, or what the client would.

    `cut` leaves out what is in the middle of long texts, such as pictures.
    """
    if found.refused:
        return pretty(found.refused.body)
    return "" if found.answered_by else pretty(_shortened(found.body) if cut else found.body)


def pretty(value: object) -> str:
    """Write JSON for people."""
    return msgspec.json.format(msgspec.json.encode(value)).decode()


def _shortened(value: Any) -> Any:
    match value:
        case str() if len(value) > _LONGEST:
            half = _LONGEST // 2
            left_out = f"… {len(value) - 2 * half:,} characters more …"
            return f"{value[:half]}{left_out}{value[-half:]}"
        case dict():
            return {name: _shortened(inner) for name, inner in value.items()}
        case list():
            return [_shortened(inner) for inner in value]
        case _:
            return value


def _sections(found: Findings) -> Iterator[RenderableType]:
    yield from _outcome(found)
    yield _titled("read as", f"{found.protocol} ({found.read})")
    if found.model:
        asked = "" if found.model.asked == found.model.id else f"{found.model.asked} ▶ "
        yield _titled("model", f"{asked}{found.model.id}, {found.model.how}")
    if found.account not in (None, NOBODY):
        yield _titled("account", found.account)
    yield Text("stages", style="bold")
    yield Padding(_stages(found.stages), (0, 0, 0, 2), expand=False)
    yield from _listed("repairs", _repairs(found))
    yield from _listed("not honoured", found.not_honoured)
    if found.figures:
        yield Text("figures", style="bold")
        yield Padding(_figures(found.figures), (0, 0, 0, 2), expand=False)
    if not all(each.firm for each in found.figures):
        yield Text("  A limit in brackets is not exact.", style="dim")
    yield from _listed("held back: a stage wanted to reach", found.held_back)
    yield from _end(found)


def _outcome(found: Findings) -> Iterator[RenderableType]:
    if found.refused:
        how = f"refused by {found.refused.by}, with HTTP {found.refused.status}"
        yield _titled("outcome", how)
        yield Padding(Text(found.refused.why, style="red"), (0, 0, 0, 2), expand=False)
        if found.refused.cause:
            yield Padding(Text(found.refused.cause, style="red"), (0, 0, 0, 2), expand=False)
    elif found.answered_by:
        yield _titled("outcome", f"answered by {found.answered_by}: Kiro would not be asked")
    elif found.account == NOBODY:
        yield _titled("outcome", "no account could serve it now; else it would be sent")
    else:
        yield _titled("outcome", "it would be sent")


def _end(found: Findings) -> Iterator[RenderableType]:
    if found.refused:
        yield Text("what the client would get", style="bold")
    elif not found.answered_by:
        yield Text("body, which was not sent", style="bold")
        if _shortened(found.body) != found.body:
            yield Text("  Long texts are cut here: --body has them whole.", style="dim")


def _titled(title: str, words: str) -> Text:
    return Text.assemble((f"{title}: ", "bold"), words)


def _listed(title: str, lines: list[str]) -> Iterator[RenderableType]:
    if lines:
        yield Text(title, style="bold")
        for line in lines:
            yield Padding(Text(line), (0, 0, 0, 2), expand=False)


def _stages(stages: list[Told]) -> Table:
    table = Table.grid(Column(no_wrap=True), Column(), padding=(0, 2, 0, 0))
    reached = [stage for stage in stages if stage.reached]
    for stage in reached:
        table.add_row(stage.stage, Text("\n".join(stage.did) or "-"))
    if names := [stage.stage for stage in stages if not stage.reached]:
        table.add_row(Text("not reached", style="dim"), Text(", ".join(names), style="dim"))
    return table


def _repairs(found: Findings) -> list[str]:
    """Write each repair once, with how often it was made in the same words."""
    repairs = Counter((each.rule, each.at, each.text) for each in found.repairs)
    return [
        f"{rule} {at}: {text}" + (f" ({times} times)" if times > 1 else "")
        for (rule, at, text), times in repairs.items()
    ]


def _figures(figures: list[Measured]) -> Table:
    columns = [
        Column(name, justify="left" if name in {"figure", "rule"} else "right") for name in _COLUMNS
    ]
    table = Table(*columns, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for each in figures:
        limit = f"{each.limit:,}" if each.firm else f"({each.limit:,})"
        share = f"{each.value / each.limit:.0%}"
        style = "yellow" if each.near else ""
        table.add_row(each.name, f"{each.value:,}", limit, share, each.rule, style=style)
    return table
