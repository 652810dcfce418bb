"""The client registration that a Builder ID or Identity Center login keeps beside its token."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, structs

from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.reading import read_json
from ki2api.accounts.sources.search import Search
from pipeline.secret import Secret

CACHE = Path(".aws", "sso", "cache")
LOG_IN = "log in with the Kiro IDE again"


class _Registration(Struct, rename="camel"):
    client_id: str
    client_secret: Secret


def with_registration(search: Search, entry: Entry, folders: Sequence[Path], where: str) -> Entry:
    """Return the entry with the client that its `clientIdHash` names (docs/kiro.md §1.6).

    It is looked for in the folders, in their order.
    """
    if not entry.client_id_hash or entry.client_secret or entry.auth_method == "social":
        return entry
    if not (entry.client_id_hash.isascii() and entry.client_id_hash.isalnum()):
        raise AccountsUnreadable(f"{where}: clientIdHash is not a hash", "log in again")
    for folder in folders:
        path = folder / f"{entry.client_id_hash}.json"
        place = f"{where}: the client registration {search.shown(path)}"
        if (content := search.read(path, place)) is not None:
            found = _read(content, place)
            return structs.replace(
                entry, client_id=found.client_id, client_secret=found.client_secret
            )
    missing = search.shown(folders[0] / f"{entry.client_id_hash}.json")
    raise AccountsUnreadable(f"{where}: the client registration {missing} is missing: {LOG_IN}")


def _read(content: str, place: str) -> _Registration:
    try:
        return read_json(content, _Registration, place)
    except AccountsUnreadable as error:
        raise error.of_a_program(LOG_IN) from None
