"""Who, beside root and us, could put other words into a file that we go by."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def open_to_others(path: Path, mode: int) -> Path | None:
    """Return what others can write: the file, whose mode is given, or a folder it is reached by.

    In a folder with the sticky bit, such as /tmp, nobody can take the place of another's file, and
    on a file system that is read-only nobody can here.
    """
    if os.name != "posix":
        return None  # pragma: no cover - there, modes say nothing
    if mode & OTHERS_MAY_WRITE:
        return path
    return next((folder for folder in _folders(path) if _is_open(folder)), None)


def strange_owner(status: os.stat_result) -> int | None:
    """Return the user that a file belongs to, if that is neither root nor us."""
    known = os.name != "posix" or status.st_uid in {0, os.geteuid()}
    return None if known else status.st_uid


def _folders(path: Path) -> Iterator[Path]:
    """Yield the folder of a file, and where that is a link, the folder it leads into."""
    with suppress(OSError, RuntimeError):  # a loop of links leads nowhere
        yield from dict.fromkeys((path.absolute().parent, path.resolve().parent))


def _is_open(folder: Path) -> bool:
    try:
        found, system = folder.stat(), os.statvfs(folder)
    except OSError:
        return False
    open_ = found.st_mode & OTHERS_MAY_WRITE and not found.st_mode & stat.S_ISVTX
    return bool(open_) and not system.f_flag & os.ST_RDONLY
