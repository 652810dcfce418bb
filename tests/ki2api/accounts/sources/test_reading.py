from pathlib import Path

import pytest

from ki2api.accounts.sources.reading import AccountsUnreadable, is_there, read_json, read_text


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
    with pytest.raises(AccountsUnreadable, match=r"^PLACE: Expected `int`, .*at `\$\[1\]`$"):
        read_json('[1, "x"]', list[int], "PLACE")


@pytest.mark.parametrize("name", ["missing", "file/below"])
def test_a_file_that_is_not_there_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()

    assert read_text(tmp_path / name, "PLACE") is None
    assert not is_there(tmp_path / name)
    assert is_there(tmp_path / "file")


def test_a_path_that_cannot_be_looked_at_is_not_there() -> None:
    assert not is_there(Path("x" * 5000))
