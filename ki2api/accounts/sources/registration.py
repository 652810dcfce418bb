"""The client registration that a Builder ID or Identity Center login keeps beside its token."""

from pathlib import Path

from msgspec import Struct, structs

from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.reading import AccountsUnreadable, read_json, read_text
from pipeline.secret import Secret

CACHE = Path(".aws", "sso", "cache")


class _Registration(Struct, rename="camel"):
    client_id: str
    client_secret: Secret


def with_registration(entry: Entry, home: Path, where: str) -> Entry:
    """Return the entry with the client that its `clientIdHash` names (docs/kiro.md §1.6)."""
    if not entry.client_id_hash or entry.client_secret:
        return entry
    if not entry.client_id_hash.isalnum():
        raise AccountsUnreadable(f"{where}: clientIdHash is not a hash: log in again")
    path = CACHE / f"{entry.client_id_hash}.json"
    place = f"~/{path.as_posix()}, the client registration of {where},"
    content = read_text(home / path, place)
    if content is None:
        raise AccountsUnreadable(f"{place} is missing: log in with the Kiro IDE again")
    registration = read_json(content, _Registration, place)
    return structs.replace(
        entry, client_id=registration.client_id, client_secret=registration.client_secret
    )
