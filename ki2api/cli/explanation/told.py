"""What was found about a request, written for a terminal of 80 columns."""

from collections import Counter
from collections.abc import Iterator

import msgspec
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from ki2api.cli.explanation.findings import Findings, Measured
from ki2api.cli.explanation.run import Told

_COLUMNS = ("figure", "value", "limit", "used", "rule")


def told(found: Findings) -> RenderableType:
    """Return all that was found but the JSON at its end, which must not be wrapped."""
    return Group(*_sections(found))


def document(found: Findings) -> str:
    """Return the JSON at the end: what Kiro would get, or what the client would."""
    if found.refused:
        return pretty(found.refused.body)
    return "" if found.answered_by else pretty(found.body)


def pretty(value: object) -> str:
    """Write JSON for people."""
    return msgspec.json.format(msgspec.json.encode(value)).decode()


def _sections(found: Findings) -> Iterator[RenderableType]:
    yield _titled("read as", f"{found.protocol} ({found.read})")
    if found.model:
        asked = "" if found.model.asked == found.model.id else f"{found.model.asked} ▶ "
        yield _titled("model", f"{asked}{found.model.id}, {found.model.how}")
    if found.account:
        yield _titled("account", found.account)
    yield Text("stages", style="bold")
    for stage in found.stages:
        yield from _stage(stage)
    yield from _listed("repairs", _repairs(found))
    yield from _listed("not honoured", found.not_honoured)
    if found.figures:
        yield Text("figures", style="bold")
        yield Padding(_figures(found.figures), (0, 0, 0, 2), expand=False)
    yield from _listed("held back: a stage wanted to reach", found.held_back)
    yield from _end(found)


def _end(found: Findings) -> Iterator[RenderableType]:
    if found.refused:
        rule = f", rule {found.refused.rule}" if found.refused.rule else ""
        yield _titled("refused", f"by {found.refused.by}{rule}: the client would get")
        if found.refused.cause:
            yield Text(f"  {found.refused.cause}", style="red")
        yield Text(f"HTTP {found.refused.status}", style="red")
    elif found.answered_by:
        yield _titled("answered", f"by {found.answered_by}: Kiro would not be asked")
    else:
        yield Text("body, which was not sent", style="bold")


def _titled(title: str, words: str) -> Text:
    return Text.assemble((f"{title}: ", "bold"), words)


def _listed(title: str, lines: list[str]) -> Iterator[RenderableType]:
    if lines:
        yield Text(title, style="bold")
        for line in lines:
            yield Padding(Text(line), (0, 0, 0, 2), expand=False)


def _stage(stage: Told) -> Iterator[RenderableType]:
    yield Padding(
        Text(stage.stage, style="" if stage.reached else "dim"), (0, 0, 0, 2), expand=False
    )
    lines = stage.did if stage.reached else ["is not reached"]
    for line in lines:
        yield Padding(Text(line, style="" if stage.reached else "dim"), (0, 0, 0, 6), expand=False)


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
