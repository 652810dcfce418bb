import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ki2api.accounts.sources.reading import AccountsUnreadable
from ki2api.accounts.sources.sqlite import read_tables


def test_a_table_that_is_not_there_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "data?#.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE state (key, value)")
        database.executemany("INSERT INTO state VALUES (?, ?)", [("a", "1"), ("b", None), (3, 4)])

    assert read_tables(path, "PLACE", ("auth_kv", "state")) == {"auth_kv": {}, "state": {"a": "1"}}


@pytest.mark.parametrize("path", ["no.sqlite3", "file/no.sqlite3"])
def test_no_file_is_none(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()

    assert read_tables(tmp_path / path, "PLACE", ("state",)) is None


def test_a_locked_database_is_told_in_a_sentence(database: Callable[..., Path]) -> None:
    path = database({})
    with closing(sqlite3.connect(path)) as owner:
        owner.execute("BEGIN EXCLUSIVE")
        with pytest.raises(AccountsUnreadable, match=r"^PLACE is locked by the program .* try"):
            read_tables(path, "PLACE", ("state",))


def test_what_is_no_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    path.write_bytes(b"hush, no database\n" * 99)

    with pytest.raises(AccountsUnreadable, match=r"^PLACE is damaged or no SQLite database: log"):
        read_tables(path, "PLACE", ("state",))


def test_a_damaged_database_is_told_in_a_sentence(database: Callable[..., Path]) -> None:
    path = database({str(number): "x" * 1000 for number in range(100)})
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))

    with pytest.raises(AccountsUnreadable, match=r"^PLACE is damaged or no SQLite database: log"):
        read_tables(path, "PLACE", ("auth_kv",))


def test_a_table_of_another_shape_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE state (name TEXT)")

    with pytest.raises(AccountsUnreadable, match=r"^PLACE cannot be read: no such column: key"):
        read_tables(path, "PLACE", ("state",))


def test_a_folder_in_the_place_of_the_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(AccountsUnreadable, match=r"^PLACE cannot be read: Is a directory"):
        read_tables(tmp_path, "PLACE", ("state",))


def test_text_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE state (key TEXT, value BLOB)")
        database.execute("INSERT INTO state VALUES ('a', ?)", (b"\xff",))

    with pytest.raises(AccountsUnreadable, match="PLACE holds text that is not UTF-8"):
        read_tables(path, "PLACE", ("state",))
