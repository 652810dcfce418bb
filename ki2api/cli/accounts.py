"""`ki2api accounts`: how each account stands, as the running gateway sees it."""

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console
from rich.live import Live
from rich.table import Column, Table

from ki2api.cli.calling import URL_HELP, call, gateway_url
from ki2api.cli.chosen import config_option, loaded_from, told_in_a_line
from ki2api.settings import Loaded

EVERY = 2.0
COLUMNS = ("account", "state", "until", "requests")
COLOURS = {"ready": "green", "cooling": "yellow", "exhausted": "yellow"}


@click.command()
@config_option
@click.option("--url", help=URL_HELP)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--watch", is_flag=True, help="Show it anew every two seconds, until Ctrl+C.")
def accounts(config: Path | None, url: str | None, *, as_json: bool, watch: bool) -> None:
    """Show how each account stands, why, and until when."""
    with told_in_a_line():
        loaded = loaded_from(config)
    address = f"{gateway_url(loaded, url)}/v1/token/status"
    if as_json:
        told = call(loaded, "GET", address)
        click.echo(msgspec.json.format(msgspec.json.encode(told)).decode())
    elif watch:
        _watch(loaded, address)
    else:
        Console().print(_table(call(loaded, "GET", address)["accounts"]))


def _watch(loaded: Loaded, address: str) -> None:
    console = Console()
    with Live(console=console, refresh_per_second=1) as live:
        while True:
            table = _table(call(loaded, "GET", address)["accounts"])
            if console.is_terminal:
                live.update(table)
            else:
                console.print(table)
            time.sleep(EVERY)


def _table(statuses: list[Mapping[str, Any]]) -> Table:
    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS), "reason")
    for status in statuses:
        state = str(status["state"])
        colour = COLOURS.get(state, "red")
        table.add_row(
            status["name"],
            f"[{colour}]{state}[/{colour}]",
            _moment(status["until"]),
            str(status["requests"]),
            status["reason"] or "",
        )
    return table


def _moment(until: float | None) -> str:
    if until is None:
        return ""
    return datetime.fromtimestamp(until).astimezone().strftime("%Y-%m-%d %H:%M:%S")
