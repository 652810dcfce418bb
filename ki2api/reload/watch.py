"""Which files have changed, told by what is in them and not by their dates alone."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct

from ki2api.settings import LARGEST_FILE
from pipeline import SettingsError
from pipeline.files import MIB, opened, read_all, read_text
from pipeline.settings import parse


class Seen(Struct, frozen=True):
    """A file or folder at one moment; `stamp` is None where there is none."""

    stamp: tuple[int, ...] | None = None
    content: str = ""


Sight: TypeAlias = Mapping[Path, Seen]


def look(paths: Iterable[Path], before: Sight) -> Sight:
    """Look at files; what has the same date, size and number as before is not read again."""
    return {path: _seen(path, before.get(path)) for path in paths}


def changed(before: Sight, after: Sight) -> frozenset[Path]:
    """Return the files of both sights whose content differs."""
    return frozenset(
        path
        for path, seen in after.items()
        if path in before and seen.content != before[path].content
    )


def named_files(settings: Path) -> frozenset[Path] | None:
    """Return the files that a settings file names, its secrets and code; None if it is broken."""
    try:
        tables = parse(read_text(settings, "utf-8-sig", limit=LARGEST_FILE), str(settings))
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError, SettingsError):
        return None
    folder = settings.parent
    # os.path leaves a user that is unknown as it is, where pathlib raises.
    return frozenset(
        folder / os.path.expanduser(name)  # noqa: PTH111 - see above
        for name in map(_file_of, _texts(tables))
        if name
    )


def _file_of(text: str) -> str:
    if text.startswith("file:"):
        return text.removeprefix("file:")
    file, suffix, name = text.partition(".py")
    return file + suffix if suffix and (not name or name.startswith(":")) else ""


def _texts(tables: dict[str, Any]) -> Iterator[str]:
    left: list[Any] = [tables]  # and no recursion, as they may be nested without end
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value


def _seen(path: Path, before: Seen | None) -> Seen:
    try:
        found = path.stat()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return Seen()
    # The mode too: whether others may change a file decides whether its code is run.
    stamp = found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode
    if before is not None and before.stamp == stamp:
        return before
    return Seen(stamp, f"{found.st_mode} {_content(path, found)}")


def _content(path: Path, found: os.stat_result) -> str:
    """Return what stands for the content.

    What cannot be read, is large as only a database is, or is neither file nor folder, which to
    open might mean something to it, is told by its date.
    """
    try:
        if stat.S_ISDIR(found.st_mode):
            listed = "\0".join(sorted(each.name for each in path.iterdir()))
            return sha256(os.fsencode(listed)).hexdigest()
        if stat.S_ISREG(found.st_mode) and found.st_size <= MIB:
            with opened(path) as file:
                return sha256(read_all(file)).hexdigest()
    except OSError:
        return f"{found.st_mtime_ns} unreadable"
    return f"{found.st_mtime_ns} {found.st_size}"
