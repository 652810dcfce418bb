"""`KIRO_AUTH_CONFIG`: a JSON list of accounts, or the path of a file that holds one."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from ki2api.accounts.account import Credential
from ki2api.accounts.sources.entry import Entry, Found, make_credential
from ki2api.accounts.sources.reading import AccountsUnreadable, read_json, read_text
from ki2api.accounts.sources.registration import with_registration

_PLACE = "KIRO_AUTH_CONFIG"


def read_auth_config(environ: Mapping[str, str], home: Path) -> Found:
    """Return the accounts of the list, in its order."""
    given = environ.get(_PLACE, "").strip()
    if not given:
        return Found()
    place, content = _PLACE, given
    if not given.startswith(("[", "{")):
        place, content = _from_file(given, home)
    entries = read_json(content, list[Entry], place)
    if not entries:
        return Found(warnings=(f"{place} lists no account, so the next place is looked at",))
    return Found(place, tuple(_credentials(entries, place, home)))


def _credentials(entries: list[Entry], place: str, home: Path) -> Iterator[Credential]:
    for number, entry in enumerate(entries, 1):
        where = f"{place}, account {number}"
        complete = with_registration(entry, home, where)
        yield make_credential(complete, where, place, wanted="refreshToken")


def _from_file(given: str, home: Path) -> tuple[str, str]:
    """Return the name of the place and its text; `~` is the home folder."""
    # A token that stands here by mistake must not be shown as a path that does not exist.
    place = f"{_PLACE} ({given})" if given.endswith(".json") else _PLACE
    content = read_text(home / given[2:] if given.startswith("~/") else Path(given), place)
    if content is None:
        raise AccountsUnreadable(
            f"{place} is neither JSON nor the path of a file that is there: mend the path, or set "
            "KIRO_REFRESH_TOKEN if it is a refresh token"
        )
    return place, content
