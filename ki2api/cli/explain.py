"""`ki2api explain`: what would become of a request, stage by stage; nothing is sent."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console

from ki2api.accounts.sources import AccountsUnreadable, Found
from ki2api.cli import logs
from ki2api.cli.chosen import accounts_of, config_option, loaded_from, told_in_a_line
from ki2api.cli.explanation.dialect import read_as
from ki2api.cli.explanation.findings import Findings, findings
from ki2api.cli.explanation.run import Outcome, run_dry
from ki2api.cli.explanation.told import document, pretty, told
from ki2api.cli.simulated import stand_ins
from ki2api.cli.words import stop
from ki2api.protocols.registry import DIALECTS
from ki2api.settings import Loaded
from pipeline.files import MIB, read_all


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--protocol", type=click.Choice(list(DIALECTS)), help="Its dialect; else guessed.")
@click.option("--model", help="Ask for this model instead.")
@click.option("--json", "form", flag_value="json", help="Print all that was found as JSON.")
@click.option("--body", "form", flag_value="body", help="Print the body that Kiro would get alone.")
@click.option("--raw", "form", flag_value="raw", help="The same, to the byte: nothing is masked.")
@config_option
def explain(
    file: Any, protocol: str | None, model: str | None, form: str | None, config: Path | None
) -> None:
    """Show what would become of the request in FILE (- for standard input), and send nothing.

    FILE holds the JSON that a tool posts. It runs through the stages of your settings, your own
    too, up to the body that Kiro would get; a request that would be refused ends with status 1.
    """
    with told_in_a_line():
        loaded = loaded_from(config)
        logs.configure(msgspec.structs.replace(loaded.settings.log, level="warning"))
        content = _with_model(_content(file), model)
        name, dialect, read = read_as(content)
        if protocol:
            name, dialect, read = protocol, DIALECTS[protocol], "as you said"
        outcome = asyncio.run(run_dry(loaded, _accounts(loaded), dialect, content))
    _print(findings(outcome, loaded, name, read), outcome, form)
    raise SystemExit(1 if outcome.error else 0)


def _print(found: Findings, outcome: Outcome, form: str | None) -> None:
    if form == "json":
        click.echo(pretty(found))
    elif form is None:
        Console().print(told(found))
        click.echo(document(found, cut=True))
    elif outcome.sent is None:
        click.echo(document(found) or f"answered by {found.answered_by}", err=True)
    elif form == "raw":
        click.echo(outcome.sent.composed.body, nl=False)
    else:
        click.echo(pretty(found.body))


def _content(file: Any) -> bytes:
    try:
        return read_all(file, 64 * MIB)
    except OSError as error:
        stop(f"the request cannot be read: {error.strerror}", 2)


def _with_model(content: bytes, model: str | None) -> bytes:
    """Put another model into the request; what is no JSON object is left to the dialect."""
    if model is None:
        return content
    try:
        body = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return content
    return msgspec.json.encode({**body, "model": model})


def _accounts(loaded: Loaded) -> Found:
    """Find the accounts; a request can be explained without those that cannot be read."""
    if loaded.settings.upstream.kind == "simulator":
        return stand_ins()
    try:
        return accounts_of(loaded)
    except AccountsUnreadable as error:
        click.echo(f"ki2api: without accounts: {error}", err=True)
        return Found()
