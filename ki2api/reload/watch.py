"""Which files have changed, told by what is in them and not by their dates alone."""

import os
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct

_LARGEST_READ = 1024 * 1024
"""Bytes; a larger file, which only a database is, has changed when its date has."""


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
        texts = _texts(tomllib.loads(settings.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    folder = settings.parent
    # os.path leaves a user that is unknown as it is, where pathlib raises.
    return frozenset(
        folder / os.path.expanduser(name)  # noqa: PTH111 - see above
        for name in map(_file_of, texts)
        if name
    )


def _file_of(text: str) -> str:
    if text.startswith("file:"):
        return text.removeprefix("file:")
    file, suffix, name = text.partition(".py")
    return file + suffix if suffix and (not name or name.startswith(":")) else ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


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
    """Return what stands for the content; a file that cannot be read is told by its date."""
    try:
        if stat.S_ISDIR(found.st_mode):
            listed = "\0".join(sorted(each.name for each in path.iterdir()))
            return sha256(listed.encode()).hexdigest()
        if found.st_size <= _LARGEST_READ:
            return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return f"{found.st_mtime_ns} unreadable"
    return f"{found.st_mtime_ns} {found.st_size}"
