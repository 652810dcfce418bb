"""`ki2api doctor`: what is found where, whether it works, and the mend for each thing wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import loguru
import msgspec
import rich_click as click

from ki2api.accounts.sources import Found
from ki2api.cli.calling import door_of
from ki2api.cli.checkup.accounts import look_at_accounts
from ki2api.cli.checkup.finding import Finding
from ki2api.cli.checkup.gateway import ask_gateway, look_at_port
from ki2api.cli.checkup.network import look_at_network, look_for_host
from ki2api.cli.checkup.places import look_at_places
from ki2api.cli.checkup.settings import faults_of, look_at_settings
from ki2api.cli.checkup.state import is_in_use, look_at_state
from ki2api.cli.chosen import config_option, loaded_from, places_of
from ki2api.reload.ways import ways_of
from ki2api.settings import Loaded
from ki2api.transport import Direct
from pipeline import PipelineError

MARKS = {
    "good": click.style("✓", fg="green"),
    "none": "·",
    "note": click.style("!", fg="yellow"),
    "bad": click.style("✗", fg="red"),
}


@click.command()
@config_option
@click.option("--port", type=click.IntRange(1, 65535), help="Port of a gateway that is running.")
@click.option("--offline", is_flag=True, help="Call nobody; only look at what lies here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(config: Path | None, port: int | None, *, offline: bool, as_json: bool) -> None:
    """Look at settings, state, network, places and accounts; say what to mend, and how.

    The exit status is 1 when something is to be mended. A login that is not in use is never
    touched, and no token is ever shown.
    """
    loguru.logger.remove()
    findings = asyncio.run(_told(config, port, offline=offline, as_json=as_json))
    bad = sum(finding.state == "bad" for finding in findings)
    if as_json:
        well = not bad and (offline or any(finding.serves for finding in findings))
        report = {"well": well, "findings": findings}
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        click.echo(f"\n{_summed_up(findings, bad, offline=offline)}")
    raise SystemExit(1 if bad else 0)


def _summed_up(findings: list[Finding], bad: int, *, offline: bool) -> str:
    if bad:
        return f"{bad} to mend."
    if offline:
        return "Nothing to mend was found here; nobody was called."
    if not any(finding.serves for finding in findings):
        return "Nothing to mend, but no account was seen that can serve now."
    return "All is well."


async def _told(
    config: Path | None, port: int | None, *, offline: bool, as_json: bool
) -> list[Finding]:
    """Return the findings, each of which is shown as soon as it is there."""
    findings: list[Finding] = []
    async for finding in _examined(config, port, offline=offline):
        if not as_json:
            _show(finding, first=not findings or findings[-1].topic != finding.topic)
        findings.append(finding)
    return findings


def _show(finding: Finding, *, first: bool) -> None:
    if first:
        click.echo(f"\n{click.style(finding.topic, bold=True)}")
    click.echo(f"  {MARKS[finding.state]} {finding.text}")
    if finding.mend:
        click.echo(f"      {finding.mend}")


async def _examined(
    config: Path | None, port: int | None, *, offline: bool
) -> AsyncIterator[Finding]:
    try:
        loaded = loaded_from(config)
    except PipelineError as error:
        for finding in faults_of(error):
            yield finding
        return
    settings = loaded.settings
    for finding in (*look_at_settings(loaded), *look_at_state(settings.state.path)):
        yield finding
    if settings.upstream.kind == "simulator":
        text = "the simulator answers: no account is needed"
        yield Finding("Accounts", "good", text, serves=True)
        return
    async for finding in _examined_accounts(loaded, port, offline=offline):
        yield finding


async def _examined_accounts(
    loaded: Loaded, port: int | None, *, offline: bool
) -> AsyncIterator[Finding]:
    reports = places_of(loaded)
    for finding in look_at_places(reports):
        yield finding
    if offline:
        return
    upstream = loaded.settings.upstream
    used = [each for report in reports if report.state == "used" for each in report.credentials]
    ways = ways_of(upstream, lambda: Found("", tuple(used)))
    door = door_of(loaded, port=port)
    try:
        if not used:
            yield await look_for_host(upstream, Direct())
        async for finding in look_at_network(upstream, used, ways.clients):
            yield finding
        if is_in_use(loaded.settings.state.path):
            for finding in ask_gateway(door):
                yield finding
            return
        for finding in look_at_port(door):
            yield finding
        async for finding in look_at_accounts(loaded, used, ways):
            yield finding
    finally:
        await ways.clients.aclose()
