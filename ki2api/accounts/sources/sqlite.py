"""Tables of keys and values in another program's SQLite database, which is left as it is."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ki2api.accounts.sources.reading import AccountsUnreadable

_PATIENCE = 1.0  # seconds that another program may hold its lock
_FORMAT_BYTE, _WAL_FORMAT = 18, 2  # of the header (SQLite's file format, §1.3)


def read_tables(path: Path, where: str, tables: Sequence[str]) -> dict[str, dict[str, str]] | None:
    """Return the named tables, each as a dictionary, empty where there is no such table.

    None if there is no such file; raises AccountsUnreadable if it is locked, damaged or no
    database.
    """
    try:
        header = _header(path)
        if header is None:
            return None
        with _reader(path, in_wal_mode=header[_FORMAT_BYTE:] == bytes([_WAL_FORMAT])) as database:
            return {table: _rows(database, table) for table in tables}
    except OSError as error:
        raise AccountsUnreadable(f"{where} cannot be read: {error.strerror}") from None
    except sqlite3.Error as error:
        raise AccountsUnreadable(f"{where} {_cause(error)}") from None
    except UnicodeDecodeError:
        raise AccountsUnreadable(f"{where} holds text that is not UTF-8: log in again") from None


def _header(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
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


def _rows(database: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return all rows of a table, whether its values are texts or blobs."""
    known = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if not known:
        return {}
    rows = database.execute(f'SELECT key, value FROM "{table}"')  # noqa: S608 - a name of ours
    return {
        key.decode(): value.decode()
        for key, value in rows
        if isinstance(key, bytes) and isinstance(value, bytes)
    }


def _cause(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return "is locked by the program that it belongs to: try again, or close that program"
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return "is damaged or no SQLite database: log in with its program again"
    return f"cannot be read: {error}"
