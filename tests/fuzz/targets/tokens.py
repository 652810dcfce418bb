"""What other programs keep of a login, our own files, and variables: an account, or one line why not.

An input tells what lies where: `files` by their path under the home folder, as JSON or as text;
`rows` of kiro-cli's database; `environ`; and `state`, what stands in our own files.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from ki2api.accounts.ledger import records_of
from ki2api.accounts.logins import Logins
from ki2api.accounts.sources import AccountsUnreadable
from ki2api.accounts.sources.choice import first_found
from ki2api.accounts.sources.search import Search
from ki2api.accounts.sources.token_file import FILE
from ki2api.accounts.statefile import StateUnreadable
from tests.fuzz.mutation import mutate_json

WORDS = ("ki2api/accounts/sources", "ki2api/accounts/account.py", "ki2api/accounts/logins.py")
KNOWN = {
    "KIRO_AUTH_CONFIG",
    "KIRO_API_KEY",
    "KIRO_REFRESH_TOKEN",
    "KIRO_ACCESS_TOKEN",
    "KIRO_REGION",
}
DATABASE = ".local/share/kiro-cli/data.sqlite3"
NEIGHBOURS = 4
"""Files that may lie beside the token file."""
mutate = mutate_json


class Told(msgspec.Struct):
    """What lies where."""

    token: Any = None
    beside: dict[str, Any] = {}
    rows: dict[str, Any] = {}
    state_rows: dict[str, Any] = {}
    database: str | None = None
    environ: dict[str, str] = {}
    logins: Any = None
    state: Any = None


def check(data: bytes) -> None:
    """Look for accounts in every place, and read our own files."""
    try:
        told = msgspec.json.decode(data, type=Told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    records_of(written(told.state))
    with TemporaryDirectory(prefix="ki2api-fuzz-", dir=scratch()) as home:
        lay_out(told, Path(home))
        environ = {k: v.replace("\0", "") for k, v in told.environ.items() if k in KNOWN}
        looked_at(Search(environ, Path(home), logins=Path(home, "logins.json"), platform="linux"))
        with suppress(StateUnreadable):
            Logins(Path(home, "logins.json")).all()


def scratch() -> str | None:
    """Return a folder in memory, where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it
    return str(memory) if memory.is_dir() else None


def looked_at(search: Search) -> None:
    """Find accounts, or one line of complaint."""
    try:
        found = first_found(search)
    except AccountsUnreadable as error:
        told: tuple[str, ...] = (str(error),)
    else:
        told = found.warnings
        assert all(each.name and each.seed for each in found.credentials)
    assert all(len(line.splitlines()) == 1 for line in told), told


def lay_out(told: Told, home: Path) -> None:
    """Write what an input tells of."""
    token = home / FILE
    token.parent.mkdir(parents=True)
    if told.token is not None:
        token.write_bytes(written(told.token))
    for name, content in list(told.beside.items())[:NEIGHBOURS]:
        if name.isalnum() and len(name) < 99:
            token.with_name(f"{name}.json").write_bytes(written(content))
    if told.logins is not None:
        (home / "logins.json").write_bytes(written(told.logins))
        (home / "logins.json").chmod(0o600)
    database = home / DATABASE
    if told.rows or told.state_rows or told.database is not None:
        database.parent.mkdir(parents=True)
        fill(database, {"auth_kv": told.rows, "state": told.state_rows})
    if told.database is not None:  # bytes over the beginning of a good file
        good = database.read_bytes()
        bad = told.database.encode()
        database.write_bytes(bad + good[len(bad) :])


def fill(path: Path, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Make a database of keys and values."""
    with closing(sqlite3.connect(path)) as database, database:
        for table, rows in tables.items():
            database.execute(f"CREATE TABLE {table} (key, value)")
            pairs = [(key, written(value)) for key, value in rows.items()]
            database.executemany(f"INSERT INTO {table} VALUES (?, ?)", pairs)  # noqa: S608 - ours


def written(value: Any) -> bytes:
    """Return a text as it is, and anything else as JSON."""
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)
