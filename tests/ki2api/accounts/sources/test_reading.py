import os
from pathlib import Path
from typing import Any

import pytest

from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.reading import is_there, read_json, read_text


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", "line 1, column 1"),
        ("[", "line 1, column 2"),
        ('[\n  {"a": 1},\n  {"b": x}\n]', "line 3, column 9"),
        ('["ä", x]', "line 1, column 7"),
    ],
)
def test_a_fault_of_json_is_named_by_line_and_column(content: str, place: str) -> None:
    with pytest.raises(AccountsUnreadable) as unreadable:
        read_json(content, list[int | str | dict[str, int]], "PLACE")

    assert str(unreadable.value) == f"PLACE is not JSON at {place}: mend it there"


def test_a_value_that_is_not_meant_so_is_named_by_its_path() -> None:
    with pytest.raises(AccountsUnreadable, match=r"^PLACE: \[1\]: expected int, got str$"):
        read_json('[1, "x"]', list[int], "PLACE")


@pytest.mark.parametrize("name", ["missing", "file/below"])
def test_a_file_that_is_not_there_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()

    assert read_text(tmp_path / name, "PLACE") is None
    assert not is_there(tmp_path / name)
    assert is_there(tmp_path / "file")


def test_a_path_that_cannot_be_looked_at_is_not_there() -> None:
    assert not is_there(Path("x" * 5000))


def test_json_that_is_nested_too_deeply_is_told() -> None:
    with pytest.raises(AccountsUnreadable, match=r"^PLACE is not JSON that can be read: .*nested"):
        read_json("[" * 200_000, list[Any], "PLACE")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_a_file_that_has_no_end_or_no_beginning_is_told_and_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(AccountsUnreadable, match="cannot be read: it is not a regular file"):
            read_text(tmp_path / name, "PLACE")


def test_a_file_that_is_too_large_is_told_and_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(5_000_000_000)

    with pytest.raises(AccountsUnreadable, match="PLACE cannot be read: it is larger than 1 MiB"):
        read_text(tmp_path / "large", "PLACE")
