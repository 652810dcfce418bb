"""`ki2api stages`: the catalogue of stages, from their own code."""

from collections.abc import Iterator
from pathlib import Path

import rich_click as click

from ki2api.app import BUILT_IN
from ki2api.cli.chosen import told_in_a_line
from pipeline import Catalog
from pipeline.describe import StageDoc, describe


@click.command()
@click.argument("name", required=False)
def stages(name: str | None) -> None:
    """List the stages with their settings, types and defaults; or one stage by its NAME.

    NAME may also be a file or package.module:Class of your own.
    """
    catalog = Catalog(BUILT_IN)
    with told_in_a_line():
        for each in [name] if name else catalog.names():
            for line in _told(describe(catalog.find(each, Path()))):
                click.echo(line)


def _told(stage: StageDoc) -> Iterator[str]:
    yield click.style(stage.name, bold=True)
    yield f"  {stage.doc}"
    for word, slots in stage.words.items():
        yield f"  {word:<9} {', '.join(slots)}"
    for setting in stage.settings:
        default = f" = {setting.default}" if setting.default else ""
        yield f"  {setting.key}{default}  ({setting.kind})"
        yield f"      {setting.doc}"
    yield ""
