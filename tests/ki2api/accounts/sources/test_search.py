import os
from collections.abc import Callable
from pathlib import Path

from ki2api.accounts.sources.search import Search


def test_a_search_shows_no_variable(searched: Callable[..., Search]) -> None:
    assert "hush" not in repr(searched({"KIRO_REFRESH_TOKEN": "hush"}))


def test_a_path_may_start_in_the_home_folder_or_in_another(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    search = searched()

    assert search.path("~/a/b", Path("/etc")) == tmp_path / "a" / "b"
    assert search.path("~\\a", Path("/etc")) == tmp_path / "a"
    assert search.path("a", Path("/etc")) == Path("/etc/a")
    assert search.path("/a", Path("/etc")) == Path("/a")


def test_paths_are_shown_as_people_write_them(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    assert searched().shown(tmp_path / "a" / "b") == "~/a/b"
    assert searched().shown(Path("/etc/a")) == "/etc/a"


def test_paths_that_are_not_utf_8_are_shown_in_text_that_is(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    odd = os.fsdecode(b"\xff")

    assert searched().shown(tmp_path / odd / "b") == "~/\\udcff/b"
    assert searched().shown(Path("/etc", odd)) == "/etc/\\udcff"


def test_each_file_that_is_looked_at_is_remembered_once(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    search = searched()

    for _ in range(2):
        assert search.read(tmp_path / "missing", "PLACE") is None

    assert search.files == [tmp_path / "missing"]
