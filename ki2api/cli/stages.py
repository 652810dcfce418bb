"""`ki2api stages`: the catalogue of stages, from their own code."""

from collections.abc import Iterator
from pathlib import Path

import rich_click as click

from ki2api.app import BUILT_IN
from ki2api.cli.chosen import config_option, loaded_from, told_in_a_line
from pipeline import Catalog, PipelineError
from pipeline.describe import StageDoc, describe


@click.command()
@click.argument("name", required=False)
@config_option
def stages(name: str | None, config: Path | None) -> None:
    """List the stages with their settings, types and defaults; or one stage by its NAME.

    NAME may also be a file or package.module:Class of your own. The list has the stages of your
    own settings file too.
    """
    catalog = Catalog(BUILT_IN)
    with told_in_a_line():
        own, folder = ([name], Path()) if name else _own(config, catalog)
        for each in own if name else (*catalog.names(), *own):
            for line in _told(describe(catalog.find(each, folder))):
                click.echo(line)


def _own(config: Path | None, catalog: Catalog) -> tuple[list[str], Path]:
    """Return the stages that the settings add, and the folder that they are looked up from."""
    try:
        loaded = loaded_from(config)
    except PipelineError as error:
        if config:
            raise
        # Who mends a settings file may well be here to read what its stages take.
        click.echo(f"ki2api: without the stages of your settings: {error}", err=True)
        return [], Path()
    named = dict.fromkeys(str(table.get("stage", "")) for table in loaded.settings.pipeline)
    return [each for each in named if each and each not in catalog.names()], loaded.folder


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
