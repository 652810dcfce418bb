"""Where credentials come from: the first place that holds an account wins, none are merged."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ki2api.accounts.account import AccountConfig
from ki2api.accounts.sources.again import look
from ki2api.accounts.sources.choice import first_found
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.search import Found, Search
from ki2api.accounts.sources.survey import Report, survey_places

__all__ = ["AccountsUnreadable", "Found", "Report", "find", "look", "survey"]


def find(
    environ: Mapping[str, str],
    configured: Sequence[AccountConfig],
    home: Path,
    *,
    logins: Path | None = None,
    folder: Path = Path(),
    trusted: Collection[str] = (),
) -> Found:
    """Return the accounts of the first place that holds any; raises AccountsUnreadable.

    `logins` is the file of our own logins; `folder` is that of config.toml, from which the files
    of `[[accounts]]` are looked up. `trusted` are the URLs of the sign-in services in the person's
    own settings: an external login may be renewed there besides at known providers.
    """
    return first_found(Search(environ, home, configured, logins, folder, trusted))


def survey(
    environ: Mapping[str, str],
    configured: Sequence[AccountConfig],
    home: Path,
    *,
    logins: Path | None = None,
    folder: Path = Path(),
    trusted: Collection[str] = (),
) -> tuple[Report, ...]:
    """Report on every place in its order, whatever is wrong with any; takes what `find` takes."""
    return survey_places(Search(environ, home, configured, logins, folder, trusted))
