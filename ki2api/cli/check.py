"""`ki2api check`: says whether the settings are right and the chain can work."""

from pathlib import Path

import rich_click as click

from ki2api.app import built, http_client
from ki2api.cli.chosen import accounts_of, config_option, counted, loaded_from, told_in_a_line


@click.command()
@config_option
def check(config: Path | None) -> None:
    """Check the settings and prove the order of the chain; nothing is opened or sent."""
    with told_in_a_line():
        loaded = loaded_from(config)
        settings = loaded.settings
        found = accounts_of(loaded)
        gateway, warnings = built(loaded, found, http_client(settings.upstream))
        chain = " ▶ ".join([*(name for name, _ in gateway.chain.stages), "Kiro"])
        for warning in (*warnings, *found.warnings):
            click.echo(f"warning: {warning}")
        click.echo(f"{loaded.source}: all right")
        click.echo(f"chain: {chain}")
        click.echo(f"accounts: {counted(found)}")
