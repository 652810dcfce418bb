import itertools
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.sqlite import read_tables


def test_a_table_that_is_not_there_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "data?#.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE state (key, value)")
        database.executemany("INSERT INTO state VALUES (?, ?)", [("a", "1"), ("b", None), (3, 4)])

    wanted = {"auth_kv": ("a",), "state": ("a", "b")}
    assert read_tables(path, "PLACE", wanted) == {"auth_kv": {}, "state": {"a": "1"}}


@pytest.mark.parametrize("path", ["no.sqlite3", "file/no.sqlite3"])
def test_no_file_is_none(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()

    assert read_tables(tmp_path / path, "PLACE", {"state": ("a",)}) is None


def test_a_locked_database_is_told_in_a_sentence(database: Callable[..., Path]) -> None:
    path = database({})
    with closing(sqlite3.connect(path)) as owner:
        owner.execute("BEGIN EXCLUSIVE")
        with pytest.raises(AccountsUnreadable, match=r"^PLACE is locked by the program .* try"):
            read_tables(path, "PLACE", {"state": ("a",)})


def test_what_is_no_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    path.write_bytes(b"hush, no database\n" * 99)

    with pytest.raises(AccountsUnreadable, match=r"^PLACE is damaged or no SQLite database: log"):
        read_tables(path, "PLACE", {"state": ("a",)})


def test_a_damaged_database_is_told_in_a_sentence(database: Callable[..., Path]) -> None:
    path = database({str(number): "x" * 1000 for number in range(100)})
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))

    with pytest.raises(AccountsUnreadable, match=r"^PLACE is damaged or no SQLite database: log"):
        read_tables(path, "PLACE", {"auth_kv": ("50",)})


def test_a_table_of_another_shape_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE state (name TEXT)")

    with pytest.raises(AccountsUnreadable, match=r"^PLACE cannot be read: no such column: key"):
        read_tables(path, "PLACE", {"state": ("a",)})


def test_a_folder_in_the_place_of_the_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(AccountsUnreadable, match=r"^PLACE cannot be read: Is a directory"):
        read_tables(tmp_path, "PLACE", {"state": ("a",)})


def test_text_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE state (key TEXT, value BLOB)")
        database.execute("INSERT INTO state VALUES ('a', ?)", (b"\xff",))

    with pytest.raises(AccountsUnreadable, match="PLACE holds text that is not UTF-8"):
        read_tables(path, "PLACE", {"state": ("a",)})


def test_what_nobody_asked_for_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE state (key TEXT, value BLOB)")
        others = [("binary", b"\xff"), ("large", b"x" * 3_000_000)]
        database.executemany("INSERT INTO state VALUES (?, ?)", [*others, ("a", "1")])

    assert read_tables(path, "PLACE", {"state": ("a",)}) == {"state": {"a": "1"}}


def test_a_view_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("""
            CREATE VIEW state AS
            WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)
            SELECT 'k' AS key, x AS value FROM c
        """)

    assert read_tables(path, "PLACE", {"state": ("a",)}) == {"state": {}}


@pytest.mark.parametrize(("rows", "seconds"), [(1, 0), (5000, 1)])
def test_what_is_too_large_or_takes_too_long_is_told(
    tmp_path: Path, rows: int, seconds: int
) -> None:
    path = tmp_path / "data.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE state (key TEXT, value TEXT)")
        large = "x" * (3_000_000 // rows)
        database.executemany("INSERT INTO state VALUES (?, ?)", [("a", large)] * rows)
    clock = itertools.count(0, seconds)

    with pytest.raises(AccountsUnreadable, match=r"^PLACE is too large to be a login: log in with"):
        read_tables(path, "PLACE", {"state": ("a",)}, clock=lambda: next(clock))


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_a_pipe_in_the_place_of_the_database_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(AccountsUnreadable, match="PLACE cannot be read: it is not a regular file"):
        read_tables(tmp_path / "pipe", "PLACE", {"state": ("a",)})
