"""Whether the state can be kept and nobody else reads it, and whether a gateway is at work."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from ki2api.accounts.statefile import StateFile, StateUnreadable
from ki2api.cli.checkup.finding import Finding

_OTHERS = 0o077


def look_at_state(path: str) -> Iterator[Finding]:
    """Look at the state file and its folder, and change neither."""
    if not path:
        text = "the state is kept in memory: a restart loses tokens that were rotated"
        yield Finding("State", "note", text, "set [state] path to a file")
        return
    file = Path(path).expanduser()
    there = next(each for each in (file.parent, *file.parents) if each.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        yield Finding("State", "bad", f"{there} cannot be written", f"chmod u+rwx {there}")
        return
    yield Finding("State", "good", f"{file} {'is' if file.exists() else 'will be'} kept here")
    if sys.platform != "win32":
        yield from _open_to_others(file)


def _open_to_others(file: Path) -> Iterator[Finding]:
    for path, mode in ((file, "600"), (file.parent, "700")):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            text = f"{path} is open to other users of this machine"
            yield Finding("State", "bad", text, f"chmod {mode} {path}")


def is_in_use(path: str) -> bool:
    """Tell whether a gateway is at work on this state."""
    file = Path(path).expanduser()
    if not path or not file.with_name(f"{file.name}.lock").exists():
        return False
    state = StateFile(file)
    try:
        state.claim()
    except (StateUnreadable, OSError):
        return True
    state.let_go()
    return False
