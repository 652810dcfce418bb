"""Tables of keys and values in another program's SQLite database, which is left as it is."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ki2api.accounts.sources.complaints import AccountsUnreadable
from pipeline.files import MIB, opened

_LOG_IN = "log in with its program again"
_PATIENCE = 1.0  # seconds that another program may hold its lock
_LIMIT = 2.0  # seconds of reading
_OFTEN = 1000  # steps of SQLite's machine between two looks at the clock
_FORMAT_BYTE, _WAL_FORMAT = 18, 2  # of the header (SQLite's file format, §1.3)


def read_tables(
    path: Path,
    where: str,
    tables: Mapping[str, Sequence[str]],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, dict[str, str]] | None:
    """Return what the named tables say of the named keys, empty where there is no such table.

    None if there is no such file; raises AccountsUnreadable if it is locked, damaged or no
    database, or would take too long or too much memory.
    """
    try:
        header = _header(path)
        if header is None:
            return None
        with _reader(path, in_wal_mode=header[_FORMAT_BYTE:] == bytes([_WAL_FORMAT])) as database:
            _bound(database, clock)
            return {table: _rows(database, table, keys) for table, keys in tables.items()}
    except OSError as error:
        raise AccountsUnreadable(f"{where} cannot be read: {error.strerror}") from None
    except sqlite3.Error as error:
        raise _unreadable(error, where) from None
    except UnicodeDecodeError:
        raise AccountsUnreadable(f"{where} holds text that is not UTF-8", _LOG_IN) from None


def _header(path: Path) -> bytes | None:
    try:
        with opened(path) as file:
            return file.read(_FORMAT_BYTE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def _reader(path: Path, *, in_wal_mode: bool) -> Iterator[sqlite3.Connection]:
    """Open a database so that nothing is written beside it.

    In WAL mode the newest rows stand in a file of their own, and a reader would make it, with an
    index to it, where they are missing: without the one there is nothing but the database, and
    without the other both are read as a copy.
    """
    log, index = (path.with_name(f"{path.name}-{end}") for end in ("wal", "shm"))
    options = "mode=ro"
    with ExitStack() as stack:
        if in_wal_mode and not log.exists():
            options = "mode=ro&immutable=1"
        elif in_wal_mode and not index.exists():
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="ki2api-")))
            shutil.copyfile(log, folder / log.name)
            path = shutil.copyfile(path, folder / path.name)
        uri = f"{path.absolute().as_uri()}?{options}"
        database = stack.enter_context(closing(sqlite3.connect(uri, timeout=_PATIENCE, uri=True)))
        database.text_factory = bytes
        yield database


def _bound(database: sqlite3.Connection, clock: Callable[[], float]) -> None:
    """Let SQLite give up on what takes too long, and on values that are too large."""
    ends = clock() + _LIMIT
    database.set_progress_handler(lambda: clock() > ends, _OFTEN)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MIB)


def _rows(database: sqlite3.Connection, table: str, keys: Sequence[str]) -> dict[str, str]:
    """Return these rows of a table, whether their values are texts or blobs.

    A view is no table: it may be computed, and without an end.
    """
    kind = database.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if kind != (b"table",):
        return {}
    places = ", ".join("?" * len(keys))
    wanted = f'SELECT key, value FROM "{table}" WHERE key IN ({places})'  # noqa: S608 - a name of ours
    rows = database.execute(wanted, keys)
    return {
        key.decode(): value.decode()
        for key, value in rows
        if isinstance(key, bytes) and isinstance(value, bytes)
    }


def _unreadable(error: sqlite3.Error, where: str) -> AccountsUnreadable:
    code = getattr(error, "sqlite_errorcode", None)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return AccountsUnreadable(
            f"{where} is locked by the program that it belongs to: try again, or close that program"
        )
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return AccountsUnreadable(f"{where} is damaged or no SQLite database", _LOG_IN)
    if code in {sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_INTERRUPT}:
        return AccountsUnreadable(f"{where} is too large to be a login", _LOG_IN)
    return AccountsUnreadable(f"{where} cannot be read: {error}")
