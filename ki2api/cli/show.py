"""`ki2api show`: the settings in force, where each comes from, and the chain."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
from ki2api.flow import GatewayFlow
from ki2api.schema import settings_schema
from ki2api.settings import Loaded, origin
from pipeline.arrange import PLACING
from pipeline.chain import Chain
from pipeline.describe import as_toml
from pipeline.locate import line_of

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
        for line in (*_settings(loaded), *_pipeline(loaded, gateway.chain)):
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
            place = origin(loaded, table, field.encode_name, os.environ)
            yield _line(field.encode_name, getattr(struct, field.name), place)
        yield ""
    for key in loaded.settings.keys:
        yield f'[[keys]]\nname = "{key.name}"\nhash = "{key.hash}"\n'
    for alias in loaded.settings.models:
        yield f'[[models]]\nname = "{alias.name}"\nmodel = "{alias.model}"\n'


def _pipeline(loaded: Loaded, chain: Chain[GatewayFlow]) -> Iterator[str]:
    """Show each stage as a table of its own; what the file does not say has its default."""
    tables = {each.get("label") or each["stage"]: each for each in loaded.settings.pipeline}
    for name, stage in chain.stages:
        written = tables.get(name, {})
        at = loaded.settings.pipeline.index(written) if written else None
        yield "[[pipeline]]"
        placing = {key: written[key] for key in PLACING if key in written} or {"stage": name}
        fields = msgspec.structs.fields(stage.config)
        settings = {each.encode_name: getattr(stage.config, each.name) for each in fields}
        for key, value in {**placing, **settings}.items():
            path = f"pipeline[{at}].{key}"
            place = f"{loaded.source}:{line_of(path, loaded.text)}" if key in written else "default"
            yield _line(key, value, place)
        yield ""


def _line(key: str, value: Any, place: str) -> str:
    shown = as_toml(value)
    line = f"{key} = {shown}" if shown else f"# {key} is not set"
    return f"{line:<58} # {place}"
