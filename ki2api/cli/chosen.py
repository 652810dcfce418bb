"""The option that chooses the settings file, and the ends of commands that read one."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click

from ki2api.accounts.sources import AccountsUnreadable, Found, find
from ki2api.accounts.statefile import StateUnreadable
from ki2api.cli.running import stop
from ki2api.settings import Loaded, load
from pipeline import PipelineError, SettingsError
from pipeline.locate import Source

CONFIG_HELP = (
    "Settings file; otherwise $KI2API_CONFIG, ./config.toml, ~/.config/ki2api/config.toml."
)


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --config."""
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option("--config", type=path, help=CONFIG_HELP)(command)


def loaded_from(config: Path | None) -> Loaded:
    """Read the settings that a command is to use."""
    return load(os.environ, config)


def accounts_of(loaded: Loaded) -> Found:
    """Find the accounts; a fault of an [[accounts]] table is told with its file and line."""
    try:
        return find(os.environ, loaded.settings.accounts, Path.home())
    except AccountsUnreadable as error:
        number = re.match(r"\[\[accounts\]\] (\d+): ", str(error))
        if number is None:
            raise
        source = Source(loaded.text, loaded.source)
        fault = source.fault(f"accounts[{int(number[1]) - 1}]", str(error)[number.end() :])
        raise SettingsError([fault]) from error


def counted(found: Found) -> str:
    """Say how many accounts there are, and from where."""
    return f"{len(found.credentials)} from {found.place}" if found.credentials else "none"


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """End the command with what is wrong: 2 for what a person wrote, 1 for the state of things."""
    try:
        yield
    except (PipelineError, AccountsUnreadable) as error:
        stop(str(error), 2)
    except StateUnreadable as error:
        stop(str(error), 1)
