"""`ki2api check`: says whether the settings are right and the chain can work."""

from pathlib import Path

import rich_click as click

from ki2api.app import proved
from ki2api.cli.chosen import (
    accounts_in_force,
    config_option,
    counted,
    loaded_from,
    told_in_a_line,
)


@click.command()
@config_option
def check(config: Path | None) -> None:
    """Check the settings and prove the order of the chain; nothing is opened or sent."""
    with told_in_a_line():
        loaded = loaded_from(config)
        found = accounts_in_force(loaded)
        built = proved(loaded, found)
        chain = " ▶ ".join(
            [*(name for name, _ in built.gateway.chain.stages), loaded.settings.upstream.title]
        )
        for warning in (*built.warnings, *found.warnings):
            click.echo(f"warning: {warning}")
        click.echo(f"{loaded.source}: all right")
        click.echo(f"chain: {chain}")
        click.echo(f"accounts: {counted(found)}")
