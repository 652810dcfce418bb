"""One private file on disk: claimed by one process, replaced as a whole, never through a link."""

import errno
import os
import stat
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_OTHERS = 0o077
_NOT_THROUGH_LINKS = getattr(os, "O_NOFOLLOW", 0)  # Windows has none
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOT_THROUGH_LINKS


class StateUnreadable(Exception):
    """The state file is there and must not, or cannot, be used; the text says what to do."""


class StateFile:
    """A file of secrets that survives a crash at any moment, either as it was or as it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._scratch = path.with_name(f"{path.name}.tmp")
        self._lock: int | None = None

    def claim(self) -> None:
        """Keep other processes from this file until `let_go`: two would undo each other's work."""
        make_private_folder(self.path.parent)
        lock = self.path.with_name(f"{self.path.name}.lock")
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | _NOT_THROUGH_LINKS, 0o600)
        if sys.platform != "win32":
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.let_go()
                raise StateUnreadable(
                    f"{shown(self.path)} is in use by another ki2api: "
                    "stop it, or set another [state] path"
                ) from None

    @property
    def is_claimed(self) -> bool:
        return self._lock is not None

    def let_go(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def read(self) -> tuple[bytes, str]:
        """Return the content, empty if there is no file, and a warning, empty if all is well."""
        try:
            with os.fdopen(os.open(self.path, os.O_RDONLY | _NOT_THROUGH_LINKS), "rb") as file:
                return file.read(), self._tightened(file.fileno())
        except (FileNotFoundError, NotADirectoryError):
            return b"", ""
        except OSError as error:
            hint = "a symbolic link is not followed; " if error.errno == errno.ELOOP else ""
            raise StateUnreadable(
                f"{shown(self.path)} cannot be read ({error.strerror}): {hint}"
                "mend it, or set another [state] path"
            ) from error

    def _tightened(self, descriptor: int) -> str:
        if sys.platform == "win32":
            return ""
        found = os.fstat(descriptor)
        if not stat.S_IMODE(found.st_mode) & _OTHERS:
            return ""
        if found.st_uid != os.geteuid():
            return f"{shown(self.path)} belongs to another user and is open to others: chmod 600 it"
        os.fchmod(descriptor, 0o600)
        return f"{shown(self.path)} was open to others and is now private: it holds tokens"

    def replace(self, content: bytes) -> None:
        """Put new content into the place of the old; it is on the disk when this returns."""
        make_private_folder(self.path.parent)
        try:
            write_durably(self._scratch, content)
            self._scratch.replace(self.path)
        except OSError:
            self._scratch.unlink(missing_ok=True)
            raise
        sync_folder(self.path.parent)

    def set_aside(self) -> Path:
        """Move a file that cannot be understood out of the way, and keep it."""
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.corrupt-{number}")).exists():
            number += 1
        self.path.replace(aside)
        return aside


def shown(path: Path | str) -> str:
    """Return a path as text that fits into JSON and a line, also where it is not UTF-8."""
    letters = str(path)
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in letters
    )


def make_private_folder(folder: Path) -> None:
    """Make the folder and what it stands in, for this user only; what exists stays as it is."""
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def write_durably(path: Path, content: bytes, like: os.stat_result | None = None) -> None:
    """Make a file anew, for this user only, or for whom that of `like` was; it is on the disk."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:
        if like and sys.platform != "win32":
            os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows cannot open a folder and needs no such thing."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
