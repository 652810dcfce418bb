"""Where credentials come from: the first place that holds an account wins, none are merged."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import structs

from ki2api.accounts.account import AccountConfig
from ki2api.accounts.sources.auth_config import read_auth_config
from ki2api.accounts.sources.configured import read_configured
from ki2api.accounts.sources.entry import Found
from ki2api.accounts.sources.environment import read_api_key, read_tokens
from ki2api.accounts.sources.reading import AccountsUnreadable
from ki2api.accounts.sources.roster import stand_side_by_side
from ki2api.accounts.sources.token_file import read_token_file

__all__ = ["AccountsUnreadable", "Found", "find"]


def find(environ: Mapping[str, str], configured: Sequence[AccountConfig], home: Path) -> Found:
    """Return the accounts of the first place that holds any; raises AccountsUnreadable."""
    places: tuple[Callable[[], Found], ...] = (
        lambda: read_auth_config(environ, home),
        lambda: read_configured(configured),
        lambda: read_api_key(environ),
        lambda: read_tokens(environ),
        lambda: read_token_file(home),
    )
    warnings: tuple[str, ...] = ()
    for read in places:
        found = read()
        warnings += found.warnings
        if found.credentials:
            return stand_side_by_side(structs.replace(found, warnings=warnings))
    return Found(warnings=warnings)
