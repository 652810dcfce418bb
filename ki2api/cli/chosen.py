"""The option that chooses the settings file, and the ends of commands that read one."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click
from msgspec.structs import replace

from ki2api.accounts.logins import logins_path
from ki2api.accounts.sources import AccountsUnreadable, Found, Report, find, survey
from ki2api.accounts.statefile import StateUnreadable
from ki2api.cli.words import stop
from ki2api.settings import Loaded, load
from pipeline import PipelineError, SettingsError
from pipeline.locate import Source, line_of

T = TypeVar("T")
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


def with_address(loaded: Loaded, host: str | None, port: int | None) -> Loaded:
    """Let an address and a port that were typed win over the settings."""
    server = loaded.settings.server
    server = replace(
        server,
        host=server.host if host is None else host,
        port=server.port if port is None else port,
    )
    settings = replace(loaded.settings, server=server)
    return replace(loaded, settings=settings)


def accounts_of(loaded: Loaded) -> Found:
    """Find the accounts; each fault of an [[accounts]] table is told with its file and line."""
    try:
        return _searched(find, loaded)
    except AccountsUnreadable as error:
        tables = [each for each in error.complaints if each.path]
        if not tables:
            raise
        source = Source(loaded.text, loaded.source)
        raise SettingsError(
            [
                source.fault(each.path, re.sub(r"^\[\[accounts\]\] \d+: ", "", str(each)))
                for each in sorted(tables, key=lambda each: line_of(each.path, loaded.text))
            ]
        ) from error


def places_of(loaded: Loaded) -> tuple[Report, ...]:
    """Report on every place where an account may lie."""
    return _searched(survey, loaded)


def _searched(search: Callable[..., T], loaded: Loaded) -> T:
    upstream = loaded.settings.upstream
    return search(
        os.environ,
        loaded.settings.accounts,
        Path.home(),
        logins=logins_path(loaded.settings.state.path),
        folder=loaded.folder,
        trusted=(upstream.auth_url, upstream.oidc_url),
    )


def accounts_in_force(loaded: Loaded) -> Found:
    """Find the accounts that `ki2api serve` would use; the simulator brings its own."""
    upstream = loaded.settings.upstream
    if upstream.kind == "simulator":
        return Found(upstream.title)
    return accounts_of(loaded)


def counted(found: Found) -> str:
    """Say how many accounts there are, and from where."""
    if found.credentials:
        off = sum(credential.disabled for credential in found.credentials)
        disabled = f", {off} of them disabled" if off else ""
        return f"{len(found.credentials)} from {found.place}{disabled}"
    return f"those of {found.place}" if found.place else "none"


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """End the command with what is wrong: 2 for what a person wrote, 1 for the state of things."""
    try:
        yield
    except (PipelineError, AccountsUnreadable) as error:
        stop(str(error), 2)
    except StateUnreadable as error:
        stop(str(error), 1)
