"""Single accounts from the environment: an API key, or the tokens of a social login."""

from ki2api.accounts.sources.credential import make_credential
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.search import Found, Search
from pipeline.secret import Secret

API_KEY, REFRESH, ACCESS = "KIRO_API_KEY", "KIRO_REFRESH_TOKEN", "KIRO_ACCESS_TOKEN"


def read_api_key(search: Search) -> Found:
    """Read `KIRO_API_KEY`."""
    return _found(Entry(kiro_api_key=Secret(search.variable(API_KEY))), API_KEY)


def read_tokens(search: Search) -> Found:
    """Read `KIRO_REFRESH_TOKEN` and `KIRO_ACCESS_TOKEN`; the latter alone serves until it ends."""
    refresh, access = Secret(search.variable(REFRESH)), Secret(search.variable(ACCESS))
    found = _found(
        Entry(refresh_token=refresh, access_token=access), REFRESH if refresh else ACCESS
    )
    if refresh or not access:
        return found
    warning = f"{ACCESS} stands alone: set {REFRESH} too, or it ends within the hour"
    return Found(found.place, found.credentials, (warning,))


def _found(entry: Entry, place: str) -> Found:
    if not (entry.kiro_api_key or entry.refresh_token or entry.access_token):
        return Found()
    return Found(place, (make_credential(entry, place, place),))
