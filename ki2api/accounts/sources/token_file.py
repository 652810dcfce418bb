"""The token file of the Kiro IDE: read by itself, or where an `[[accounts]]` table names one."""

import stat
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from ki2api.accounts.account import Origin
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.credential import make_credential
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.profile_file import with_profile
from ki2api.accounts.sources.reading import read_json
from ki2api.accounts.sources.registration import CACHE, with_registration
from ki2api.accounts.sources.search import Found, Search

FILE = CACHE / "kiro-auth-token.json"


class _Marks(Struct, rename="camel"):
    """What tells a login to Kiro from what the AWS CLI keeps in the same folder."""

    refresh_token: str
    auth_method: str | None = None
    provider: str | None = None
    profile_arn: str | None = None


def read_token_file(search: Search) -> Found:
    """Read the login of the IDE, of whatever kind (docs/kiro.md §1.6)."""
    path = search.home / FILE
    place = search.shown(path)
    content = search.read(path, place)
    if content is not None:
        return _login(search, path, place, content)
    return _newest_login(search)


def open_to_others(path: Path, place: str) -> tuple[str, ...]:
    """Warn of a file of tokens that other users of the machine can read."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return ()  # its owner is just writing it anew
    if sys.platform == "win32" or not mode & 0o077:
        return ()
    return (f"{place} can be read by others on this machine: chmod 600 it",)


def _login(search: Search, path: Path, place: str, content: str) -> Found:
    entry = read_json(content, Entry, place)
    entry = with_registration(search, entry, (search.home / CACHE,), place)
    credential = make_credential(
        entry, place, place, wanted="refreshToken", trusted=search.trusted, origin=Origin(path)
    )
    return Found(place, (with_profile(search, credential),), open_to_others(path, place))


def _newest_login(search: Search) -> Found:
    """Read the newest file beside the usual one that is a login to Kiro."""
    folder = search.home / CACHE
    search.watch(folder)
    for path in sorted(folder.glob("*.json"), key=_age):
        place = search.shown(path)
        try:
            content = search.read(path, place) or ""
            marks = msgspec.json.decode(content, type=_Marks)
        except (AccountsUnreadable, msgspec.DecodeError):
            continue
        if marks.auth_method or marks.provider or marks.profile_arn:
            return _login(search, path, place, content)
    return Found()


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0
