"""`ki2api accounts`: how each account stands, and what can be done about it."""

import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console, RenderableType
from rich.live import Live

from ki2api.cli.calling import Door, door_options
from ki2api.cli.plans import told
from ki2api.cli.standings import returns, standings
from ki2api.cli.words import stop

EVERY = 2.0
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(invoke_without_command=True)
@door_options
@JSON
@click.option("--watch", is_flag=True, help="Show it anew every two seconds, until Ctrl+C.")
@click.pass_context
def accounts(context: click.Context, door: Door, *, as_json: bool, watch: bool) -> None:
    """Show how each account of the running gateway stands, why, and until when."""
    context.obj = door
    if context.invoked_subcommand:
        return
    if as_json and watch:
        raise click.UsageError("--watch and --json do not go together: choose one")
    if as_json:
        _print_json(door.call("GET", "/v1/token/status"))
    elif watch:
        _watch(lambda: _shown(door))
    else:
        Console().print(_shown(door))


@accounts.command()
@click.argument("name")
@door_options
def refresh(name: str, door: Door) -> None:
    """Get a new token for the account NAME, also where it needs a login."""
    done = door.call("POST", "/v1/token/refresh", account=name)
    if not done["refreshed"]:
        stop(f"{name} has no new token: {done['reason']}", 1)
    click.echo(f"{name} has a new token.")
    status = next(each for each in done["accounts"] if each["name"] == name)
    if status["state"] != "ready":
        until = f" for {returns(status['until'])}" if status["until"] else ""
        click.echo(f"But it is {status['state']}{until}: {status['reason']}.")
        click.echo(f"To let it be tried at once: ki2api accounts reset {shlex.quote(name)}")


@accounts.command()
@click.argument("name", default="")
@door_options
def reset(name: str, door: Door) -> None:
    """Let the account NAME, or all, be tried again: ends cooling, exhausted and quarantine."""
    number = door.call("POST", "/v1/token/reset", account=name)["reset"]
    click.echo(f"{number} accounts were reset." if number != 1 else "1 account was reset.")


@accounts.command()
@click.argument("name", default="")
@click.option("--email", is_flag=True, help="Also show whose account it is.")
@JSON
@door_options
def usage(name: str, door: Door, *, email: bool, as_json: bool) -> None:
    """Ask Kiro what the account NAME, or each, has used of its plan."""
    answer = door.call("GET", "/v1/token/usage", account=name, email="true" if email else "")
    if as_json:
        _print_json(answer)
        return
    for account in answer["accounts"]:
        for line in told(account):
            click.echo(line)


def _shown(door: Door) -> RenderableType:
    told = door.call("GET", "/v1/token/status")
    return standings(told["accounts"], told.get("resting_for", 0.0))


def _print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def _watch(table: Callable[[], RenderableType]) -> None:
    console = Console()
    with suppress(KeyboardInterrupt), Live(console=console, refresh_per_second=1) as live:
        while True:
            shown = table()
            if console.is_terminal:
                live.update(shown)
            else:
                console.print(shown)
            time.sleep(EVERY)
