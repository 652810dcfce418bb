"""`ki2api show`: the settings in force, where each comes from, and the chain."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import rich_click as click

from ki2api.app import BUILT_IN, proved
from ki2api.cli.chosen import (
    accounts_in_force,
    config_option,
    counted,
    loaded_from,
    told_in_a_line,
)
from ki2api.schema import settings_schema
from ki2api.settings import Loaded, origin
from pipeline.describe import as_toml

TABLES = ("server", "log", "upstream", "state")


@click.command()
@config_option
@click.option("--schema", is_flag=True, help="Print a JSON Schema of config.toml, for editors.")
def show(config: Path | None, *, schema: bool) -> None:
    """Show the settings in force with the origin of each, and the chain in both directions."""
    if schema:
        click.echo(msgspec.json.format(msgspec.json.encode(settings_schema(BUILT_IN))).decode())
        return
    with told_in_a_line():
        loaded = loaded_from(config)
        found = accounts_in_force(loaded)
        gateway = proved(loaded, found).gateway
        for line in _settings(loaded):
            click.echo(line)
        click.echo(f"# accounts: {counted(found)}")
        for credential in found.credentials:
            click.echo(f"#   {credential.name} ({credential.label}, {credential.source})")
        stages = [name for name, _ in gateway.chain.stages]
        end = loaded.settings.upstream.title
        click.echo(f"# in:  client ▶ {' ▶ '.join(stages)} ▶ {end}")
        click.echo(f"# out: {end} ▶ {' ▶ '.join(reversed(stages))} ▶ client")


def _settings(loaded: Loaded) -> Iterator[str]:
    for table in TABLES:
        yield f"[{table}]"
        struct = getattr(loaded.settings, table)
        for field in msgspec.structs.fields(struct):
            value = as_toml(getattr(struct, field.name))
            line = (
                f"{field.encode_name} = {value}" if value else f"# {field.encode_name} is not set"
            )
            yield f"{line:<58} # {origin(loaded, table, field.encode_name, os.environ)}"
        yield ""
    for key in loaded.settings.keys:
        yield f'[[keys]]\nname = "{key.name}"\nhash = "{key.hash}"\n'
    for alias in loaded.settings.models:
        yield f'[[models]]\nname = "{alias.name}"\nmodel = "{alias.model}"\n'
