import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ki2api.accounts.statefile import StateFile, StateUnreadable


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("no_umask")
def test_all_that_is_made_is_private_whatever_the_umask(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "new" / "ki2api" / "state.json")
    file.claim()
    file.replace(b"tokens")
    file.let_go()

    assert mode(tmp_path / "new") == 0o700
    assert mode(tmp_path / "new" / "ki2api") == 0o700
    assert {mode(each) for each in (tmp_path / "new" / "ki2api").iterdir()} == {0o600}


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    StateFile(tmp_path / "state.json").replace(b"tokens")

    assert mode(tmp_path) == 0o755


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert StateFile(tmp_path / "no" / "state.json").read() == (b"", "")


def test_what_was_put_in_comes_out_and_nothing_else_stays(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    file.replace(b"old")
    file.replace(b"new")

    assert file.read() == (b"new", "")
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_what_a_crash_left_over_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "state.json.tmp").write_bytes(b"half a tok")
    file = StateFile(tmp_path / "state.json")

    file.replace(b"whole")

    assert file.read() == (b"whole", "")


def test_a_write_that_fails_keeps_the_old_content_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    (path / "in the way").mkdir(parents=True)

    with pytest.raises(OSError, match="Is a directory"):
        StateFile(path).replace(b"tokens")

    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_a_file_open_to_others_is_tightened_and_told(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"tokens")
    path.chmod(0o644)

    content, warning = StateFile(path).read()

    assert content == b"tokens"
    assert "is now private" in warning
    assert mode(path) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_touched_but_told(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"tokens")
    path.chmod(0o644)
    os.chown(path, 12345, 12345)

    _, warning = StateFile(path).read()

    assert "belongs to another user" in warning
    assert mode(path) == 0o644


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"tokens")
    path = tmp_path / "state.json"
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StateUnreadable, match="symbolic link is not followed"):
        StateFile(path).read()


def test_a_link_in_place_of_the_scratch_file_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    (tmp_path / "state.json.tmp").symlink_to(victim)

    StateFile(tmp_path / "state.json").replace(b"tokens")

    assert victim.read_bytes() == b"untouched"


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()

    with pytest.raises(StateUnreadable, match=r"cannot be read \(Is a directory\): mend it"):
        StateFile(tmp_path / "state.json").read()


def test_one_file_serves_one_process_at_a_time(tmp_path: Path) -> None:
    first, second = StateFile(tmp_path / "state.json"), StateFile(tmp_path / "state.json")
    first.claim()

    with pytest.raises(StateUnreadable, match="in use by another ki2api"):
        second.claim()
    first.let_go()
    second.claim()
    second.let_go()
    second.let_go()


def test_files_that_are_set_aside_keep_apart(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    names = []
    for content in (b"one", b"two"):
        file.replace(content)
        names.append(file.set_aside().name)

    assert names == ["state.json.corrupt-1", "state.json.corrupt-2"]
    assert (tmp_path / "state.json.corrupt-2").read_bytes() == b"two"
