"""Single accounts from the environment: an API key, or the tokens of a social login."""

from collections.abc import Mapping

from ki2api.accounts.sources.entry import Entry, Found, make_credential
from pipeline.secret import Secret

_API_KEY, _REFRESH, _ACCESS = "KIRO_API_KEY", "KIRO_REFRESH_TOKEN", "KIRO_ACCESS_TOKEN"


def read_api_key(environ: Mapping[str, str]) -> Found:
    """Read `KIRO_API_KEY`."""
    return _found(Entry(kiro_api_key=_secret(environ, _API_KEY)), _API_KEY)


def read_tokens(environ: Mapping[str, str]) -> Found:
    """Read `KIRO_REFRESH_TOKEN` and `KIRO_ACCESS_TOKEN`; the latter alone serves until it ends."""
    refresh, access = _secret(environ, _REFRESH), _secret(environ, _ACCESS)
    found = _found(
        Entry(refresh_token=refresh, access_token=access), _REFRESH if refresh else _ACCESS
    )
    if refresh or not access:
        return found
    warning = f"{_ACCESS} stands alone: set {_REFRESH} too, or it ends within the hour"
    return Found(found.place, found.credentials, (warning,))


def _found(entry: Entry, place: str) -> Found:
    if not (entry.kiro_api_key or entry.refresh_token or entry.access_token):
        return Found()
    return Found(place, (make_credential(entry, place, place),))


def _secret(environ: Mapping[str, str], name: str) -> Secret:
    return Secret(environ.get(name, "").strip())
