"""The logins that `ki2api login` made: a private file of our own beside the state file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from ki2api.accounts import sealed
from ki2api.accounts.statefile import StateFile, StateUnreadable, make_private_folder
from pipeline.secret import Secret

if sys.platform != "win32":
    import fcntl

_NAME = "logins.json"


class Login(Struct, rename="camel", omit_defaults=True, frozen=True):
    """One login in the spelling that the other places of accounts use.

    The tokens are those of the login itself: what they were rotated into is kept in the state.
    """

    refresh_token: Secret
    access_token: Secret
    expires_at: str
    name: str = ""
    client_id: str = ""
    client_secret: Secret | None = None
    start_url: str = ""
    provider: str = ""
    region: str = "us-east-1"
    profile_arn: str = ""


def logins_path(state_path: str) -> Path | None:
    """Return where logins are kept, or None where the state is kept in memory only."""
    return Path(state_path).expanduser().with_name(_NAME) if state_path else None


class Logins:
    """Reads and changes the file; a change holds a lock, for two commands may run at once.

    Every method raises StateUnreadable where the file cannot be understood, and OSError where it
    cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = StateFile(path)

    def prepare(self) -> None:
        """Raise now what `add` would raise later, when a login would be lost by it."""
        with self._alone():
            self.all()

    def all(self) -> tuple[Login, ...]:
        """Return the logins, oldest first."""
        content, _ = self._file.read()
        try:
            return sealed.decode(content or b"[]", tuple[Login, ...])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StateUnreadable(
                f"{self.path} holds no logins that can be read ({error}): move it away and log in"
                " again"
            ) from None

    def add(self, login: Login) -> bool:
        """Keep a login; return whether it took the place of one with the same name."""
        with self._alone():
            before = self.all()
            kept = tuple(each for each in before if each.name != login.name)
            self._write((*kept, login))
        return len(kept) < len(before)

    def remove(self, name: str) -> bool:
        """Forget a login; return whether there was one of this name."""
        with self._alone():
            before = self.all()
            kept = tuple(each for each in before if each.name != name)
            if kept:
                self._write(kept)
            else:
                self.path.unlink(missing_ok=True)
        return len(kept) < len(before)

    def _write(self, logins: tuple[Login, ...]) -> None:
        self._file.replace(msgspec.json.format(sealed.encode(logins)))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from changing the file meanwhile; they wait, for a moment."""
        make_private_folder(self.path.parent)
        lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
