"""Whether the state can be kept and nobody else reads it, and whether a gateway is at work."""

import os
import shlex
import stat
import sys
import tempfile
from collections.abc import Iterator
from glob import escape
from pathlib import Path

from ki2api.accounts.ledger import records_of
from ki2api.accounts.statefile import StateFile, StateUnreadable
from ki2api.cli.checkup.finding import Finding
from pipeline.files import MIB, read_bytes

_OTHERS = 0o077
_ELSEWHERE = "set [state] path to a file in a folder of your own"
_CORRUPT = "put a copy of it back if you have one; else a gateway moves it aside and starts afresh"


def look_at_state(path: str) -> Iterator[Finding]:
    """Look at the state file and its folder, and change neither."""
    if not path:
        text = "the state is kept in memory: a restart loses tokens that were rotated"
        yield Finding("State", "note", text, "set [state] path to a file")
        return
    file = Path(path).expanduser()
    if fault := _unwritable(file):
        yield Finding("State", "bad", fault, _ELSEWHERE)
        return
    if fault := _unreadable(file):
        yield Finding("State", "bad", fault, _CORRUPT)
    else:
        yield Finding("State", "good", f"{file} {'is' if file.exists() else 'will be'} kept here")
    if sys.platform != "win32":
        yield from _open_to_others(file)
    yield from _set_aside(file)


def unkept(path: str) -> str:
    """Return why a token that is rotated now could not be kept, or nothing."""
    if not path:
        return "the state is kept in memory"
    file = Path(path).expanduser()
    return _unwritable(file) or _unreadable(file)


def is_in_use(path: str) -> bool:
    """Tell whether a gateway is at work on this state."""
    file = Path(path).expanduser()
    if not path or not os.path.lexists(file.with_name(f"{file.name}.lock")):
        return False
    state = StateFile(file)
    try:
        state.claim()
    except StateUnreadable:
        return True
    except OSError:
        return False  # nobody could claim it: that it cannot be kept is said elsewhere
    state.let_go()
    return False


def _unwritable(file: Path) -> str:
    """Say why the file cannot be written; only to try it for true shows that it can."""
    there = next(each for each in file.parents if os.path.lexists(each))
    if not there.is_dir():
        return f"{there} is no folder: {file} cannot be made"
    try:
        if file.is_symlink():
            return f"{file} is a symbolic link, which is not followed"
        if file.is_dir():
            return f"{file} is a folder, and no file"
        tempfile.TemporaryDirectory(prefix=".ki2api-", dir=there).cleanup()
    except OSError as error:
        return f"{there} cannot be written ({error.strerror})"
    return ""


def _unreadable(file: Path) -> str:
    try:
        content = read_bytes(file, limit=4 * MIB) if file.exists() else b""
    except OSError as error:
        return f"{file} cannot be read ({error.strerror})"
    return f"{file} cannot be understood" if records_of(content) is None else ""


def _open_to_others(file: Path) -> Iterator[Finding]:
    if file.exists() and _is_open(file):
        text = f"{file} is open to other users of this machine"
        mend = f"chmod 600 {shlex.quote(str(file))}" if _is_own(file) else _ELSEWHERE
        yield Finding("State", "bad", text, mend)
    folder = file.parent
    if folder.exists() and _is_open(folder):
        text = f"{folder} is open to other users; {file.name} itself is made for you alone"
        mend = f"chmod 700 {shlex.quote(str(folder))}" if _holds_only(folder, file) else ""
        yield Finding("State", "note", text, mend)


def _set_aside(file: Path) -> Iterator[Finding]:
    for aside in sorted(file.parent.glob(f"{escape(file.name)}.corrupt-*")):
        text = f"{aside} is an earlier state, moved there because it could not be understood"
        yield Finding("State", "note", text, "remove it once every account works: it holds tokens")


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)


def _is_own(path: Path) -> bool:
    return sys.platform != "win32" and path.stat().st_uid == os.geteuid()


def _holds_only(folder: Path, file: Path) -> bool:
    """Tell whether a folder is there for the state alone, so that closing it shuts nobody out."""
    shared = {Path.home(), Path.cwd(), Path(tempfile.gettempdir())}
    if not _is_own(folder) or folder.resolve() in {each.resolve() for each in shared}:
        return False
    try:
        return all(each.name.startswith((file.name, "logins.json")) for each in folder.iterdir())
    except OSError:
        return False
