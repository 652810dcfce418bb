"""`KIRO_AUTH_CONFIG`: a JSON list of accounts, or the path of a file that holds one."""

from pathlib import Path

from msgspec import structs

from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.listed import read_list
from ki2api.accounts.sources.search import Found, Search
from ki2api.accounts.statefile import shown

NAME = "KIRO_AUTH_CONFIG"


def auth_config_path(search: Search) -> Path | None:
    """Return the path that the variable names, None where it holds JSON or nothing."""
    given = search.variable(NAME)
    return search.path(given) if given and not given.startswith(("[", "{")) else None


def read_auth_config(search: Search) -> Found:
    """Return the accounts of the list, in its order."""
    place, content = NAME, search.variable(NAME)
    if not content:
        return Found()
    if path := auth_config_path(search):
        place, content = _from_file(search, path)
    found = read_list(search, content, place)
    if found.credentials:
        return found
    warning = f"{place} lists no account, so the next place is looked at"
    return structs.replace(found, warnings=(warning,))


def _from_file(search: Search, path: Path) -> tuple[str, str]:
    """Return the name of the place and its text."""
    # A token that stands here by mistake must not be shown as a path that does not exist.
    place = f"{NAME} ({shown(search.variable(NAME))})" if path.suffix == ".json" else NAME
    content = search.read(path, place)
    if content is None:
        raise AccountsUnreadable(
            f"{place} is neither JSON nor the path of a file that is there: mend the path, or set "
            "KIRO_REFRESH_TOKEN if it is a refresh token"
        )
    return place, content
