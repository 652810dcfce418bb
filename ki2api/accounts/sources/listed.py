"""A JSON list of accounts, as `KIRO_AUTH_CONFIG` and our own logins have it."""

from collections.abc import Iterator

import msgspec
from msgspec import structs

from ki2api.accounts.account import Credential
from ki2api.accounts.sources.complaints import AccountsUnreadable, Checklist, Complaint
from ki2api.accounts.sources.credential import make_credential
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.reading import read_json
from ki2api.accounts.sources.registration import CACHE, with_registration
from ki2api.accounts.sources.search import Found, Search
from pipeline.errors import did_you_mean

_KNOWN = {field.encode_name for field in structs.fields(Entry)}
_OF_THE_IDE = {"issuerUrl", "audience"}  # in its token file, and of no use here


def read_list(search: Search, content: str, place: str) -> Found:
    """Return the accounts of the list, in its order; unknown keys are warned about."""
    if content.lstrip().startswith("{"):
        raise AccountsUnreadable(f"{place} holds an account and no list", "put [ ] around it")
    given = read_json(content, list[msgspec.Raw], place)
    checks = Checklist()
    credentials: list[Credential] = []
    warnings: list[str] = []
    for number, raw in enumerate(given, 1):
        where, text = f"{place}, account {number}", bytes(raw).decode()
        credential = checks.take("", _credential, search, text, where)
        for unknown in _unknown(text, where):
            if credential:
                warnings.append(unknown)
            else:
                checks.add(Complaint(unknown))
        credentials += [credential] if credential else []
    checks.end()
    return Found(place, tuple(credentials), tuple(warnings))


def _credential(search: Search, text: str, where: str) -> Credential:
    entry = with_registration(search, read_json(text, Entry, where), (search.home / CACHE,), where)
    source = where.rpartition(", account")[0]
    return make_credential(entry, where, source, wanted="refreshToken", trusted=search.trusted)


def _unknown(text: str, where: str) -> Iterator[str]:
    try:
        given = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return
    for key in given:
        if key not in _KNOWN | _OF_THE_IDE:
            shown = f'"{key}"' if key.isprintable() else "a key that cannot be shown"
            yield f"{where} has {shown}, which means nothing{did_you_mean(key, _KNOWN)}"
