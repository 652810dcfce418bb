"""Reads files that people name, so that none of them can hang the process or fill its memory."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO

MIB = 1024 * 1024
# To open a pipe waits for who writes it, and to open a terminal may make it ours.
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def read_text(path: Path, encoding: str = "utf-8", *, limit: int = MIB) -> str:
    """Return the text of a regular file; raises OSError and UnicodeDecodeError."""
    return TextIOWrapper(BytesIO(read_bytes(path, limit=limit)), encoding).read()


def read_bytes(path: Path, *, limit: int = MIB) -> bytes:
    """Return what is in a regular file; raises OSError."""
    with opened(path) as file:
        return read_all(file, limit)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading; raises OSError, also where it is no regular one."""
    with open(path, "rb", opener=_open) as file:
        # Asked of the open file, so that nobody can put another in its place meanwhile.
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        yield file


def read_all(file: BinaryIO, limit: int = MIB) -> bytes:
    """Return what is in a file; raises OSError where that is more than `limit` bytes."""
    content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit // MIB} MiB")
    return content


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | _AT_ONCE)
