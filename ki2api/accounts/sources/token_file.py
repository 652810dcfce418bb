"""The token file of the Kiro IDE, which is only ever read: it belongs to the IDE."""

import stat
import sys
from pathlib import Path

from ki2api.accounts.sources.entry import Entry, Found, make_credential
from ki2api.accounts.sources.reading import read_json, read_text
from ki2api.accounts.sources.registration import CACHE, with_registration

_FILE = CACHE / "kiro-auth-token.json"
_PLACE = f"~/{_FILE.as_posix()}"


def read_token_file(home: Path) -> Found:
    """Read the login of the IDE, social or IdC (docs/kiro.md §1.6)."""
    content = read_text(home / _FILE, _PLACE)
    if content is None:
        return Found()
    entry = with_registration(read_json(content, Entry, _PLACE), home, _PLACE)
    credential = make_credential(entry, _PLACE, _PLACE, wanted="refreshToken")
    return Found(_PLACE, (credential,), _open_to_others(home / _FILE))


def _open_to_others(path: Path) -> tuple[str, ...]:
    if sys.platform == "win32" or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return ()
    return (f"{_PLACE} can be read by others on this machine: chmod 600 it",)
