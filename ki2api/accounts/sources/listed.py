"""A JSON list of accounts, as `KIRO_AUTH_CONFIG` and our own logins have it."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import structs

from ki2api.accounts.account import Credential
from ki2api.accounts.sources.credential import make_credential
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.reading import AccountsUnreadable, read_json
from ki2api.accounts.sources.registration import CACHE, with_registration
from ki2api.accounts.sources.search import Found, Search
from pipeline.errors import did_you_mean

_KNOWN = {field.encode_name for field in structs.fields(Entry)}
_OF_THE_IDE = {"issuerUrl", "audience"}  # in its token file, and of no use here


def read_list(search: Search, content: str, place: str) -> Found:
    """Return the accounts of the list, in its order; unknown keys are warned about."""
    entries = read_json(content, list[Entry], place)
    keys = msgspec.json.decode(content, type=list[dict[str, msgspec.Raw]])
    credentials: list[Credential] = []
    warnings: list[str] = []
    for number, (entry, given) in enumerate(zip(entries, keys, strict=True), 1):
        where = f"{place}, account {number}"
        unknown = [*_unknown(given, where)]
        try:
            complete = with_registration(search, entry, (search.home / CACHE,), where)
            credentials.append(
                make_credential(
                    complete, where, place, wanted="refreshToken", trusted=search.trusted
                )
            )
        except AccountsUnreadable as error:
            raise AccountsUnreadable("; ".join([str(error), *unknown])) from None
        warnings += unknown
    return Found(place, tuple(credentials), tuple(warnings))


def _unknown(given: Iterable[str], where: str) -> Iterator[str]:
    for key in given:
        if key not in _KNOWN | _OF_THE_IDE:
            shown = f'"{key}"' if key.isprintable() else "a key that cannot be shown"
            yield f"{where} has {shown}, which means nothing{did_you_mean(key, _KNOWN)}"
