"""The logins of kiro-cli and of Amazon Q before it, in their databases (docs/kiro.md §1.6)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from ki2api.accounts.account import Origin
from ki2api.accounts.profile import is_profile_arn
from ki2api.accounts.sources.credential import make_credential
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.reading import read_json
from ki2api.accounts.sources.search import Found, Search
from pipeline.secret import Secret

# The first that holds a login is taken; "odic" is how these programs spell it.
_METHODS = {
    "kirocli:social:token": "social",
    "kirocli:odic:token": "idc",
    "kirocli:oidc:token": "idc",
    "kirocli:external-idp:token": "external_idp",
    "codewhisperer:odic:token": "idc",
}
_REGISTRATIONS = (
    "kirocli:odic:device-registration",
    "kirocli:oidc:device-registration",
    "codewhisperer:odic:device-registration",
)
_REGION, _PROFILE = "auth.idc.region", "api.codewhisperer.profile"
_WANTED = {"auth_kv": (*_METHODS, *_REGISTRATIONS), "state": (_REGION, _PROFILE)}


class _Token(Struct):
    refresh_token: Secret | None = None
    access_token: Secret | None = None
    expires_at: Any = None
    client_id: str | None = None
    token_endpoint: str | None = None
    scopes: str | list[str] | None = None
    provider: str | None = None
    start_url: str | None = None
    region: str | None = None
    profile_arn: str | None = None


class _Registration(Struct):
    client_id: str
    client_secret: Secret
    region: str | None = None


class _Profile(Struct):
    arn: str


class Login(Struct):
    """A login as it lies in a database; `key` is the row of its token."""

    key: str
    entry: Entry


def read_database(search: Search, paths: tuple[Path, ...]) -> Found:
    """Return the login of the first database that holds one."""
    for path in paths:
        place = search.shown(path)
        if login := read_login(search, path, place):
            where = f"{place}, {login.key}"
            credential = make_credential(
                login.entry,
                where,
                where,
                wanted="refresh_token",
                trusted=search.trusted,
                origin=Origin(path, login.key),
            )
            return Found(place, (credential,))
    return Found()


def _is_missing(path: Path) -> bool:
    """Tell whether there is no such file; what else is wrong with it is for its reader to tell."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def read_login(search: Search, path: Path, where: str) -> Login | None:
    """Return the login that a database holds, None where there is none, or no database."""
    search.watch(path, path.with_name(f"{path.name}-wal"))
    if _is_missing(path):
        return None
    from ki2api.accounts.sources.sqlite import read_tables  # a megabyte of SQLite

    tables = read_tables(path, where, _WANTED)
    if tables is None:
        return None
    rows, state = tables["auth_kv"], tables["state"]
    for key, method in _METHODS.items():
        token = read_json(rows.get(key, "{}"), _Token, f"{where}, {key}")
        if token.refresh_token:
            entry = Entry(auth_method=method, **structs.asdict(token))
            registration = _registration(rows, key, where) if method == "idc" else None
            return Login(key, _completed(entry, registration, state))
    return None


def _registration(rows: Mapping[str, str], key: str, where: str) -> _Registration | None:
    """Return the client that a token was made for: of the same program, if it has one."""
    program = key.split(":", maxsplit=1)[0]
    for name in sorted(_REGISTRATIONS, key=lambda name: not name.startswith(program)):
        if name in rows:
            return read_json(rows[name], _Registration, f"{where}, {name}")
    return None


def _completed(entry: Entry, registration: _Registration | None, state: Mapping[str, str]) -> Entry:
    """Return the entry with what these programs keep of a login in other rows."""
    region = entry.region
    if entry.auth_method == "idc":
        region = region or (registration and registration.region) or _text(state.get(_REGION, ""))
        if registration:
            entry = structs.replace(
                entry, client_id=registration.client_id, client_secret=registration.client_secret
            )
    profile_arn = entry.profile_arn or next(_profile_arns(state.get(_PROFILE, "")), None)
    return structs.replace(entry, region=region, profile_arn=profile_arn)


def _profile_arns(value: str) -> Iterator[str]:
    """Yield the ARN of the profile that is in use, which stands there bare or in JSON."""
    try:
        arn = msgspec.json.decode(value, type=_Profile).arn
    except (msgspec.DecodeError, RecursionError):
        arn = _text(value)
    if is_profile_arn(arn):
        yield arn


def _text(value: str) -> str:
    """Return a value of the table `state`, which is JSON in newer versions."""
    return value.strip().strip('"')
