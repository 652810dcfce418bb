"""Which files have changed, on a real disk."""

import os
from pathlib import Path

import pytest

from ki2api.reload.watch import Seen, changed, look, named_files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_text("one")
    return file


def aged(file: Path, seconds: float = 10) -> None:
    """Let a file look as if it had been written at another time."""
    os.utime(file, (0, seconds))


def test_a_file_with_other_content_has_changed(file: Path) -> None:
    before = look([file], {})
    file.write_text("two")
    aged(file)
    assert changed(before, look([file], before)) == {file}


def test_a_file_that_was_only_touched_has_not_changed(file: Path) -> None:
    before = look([file], {})
    aged(file)
    after = look([file], before)
    assert after[file] != before[file]
    assert changed(before, after) == set()


def test_a_file_with_the_same_date_size_and_number_is_not_read_again(file: Path) -> None:
    before = look([file], {})
    assert look([file], before)[file] is before[file]


def test_a_file_that_comes_or_goes_has_changed(file: Path) -> None:
    there = look([file], {})
    file.unlink()
    gone = look([file], there)
    assert changed(there, gone) == {file}
    assert gone[file] == Seen()
    file.write_text("one")
    assert changed(gone, look([file], gone)) == {file}


def test_a_file_that_takes_the_place_of_another_is_seen(file: Path, tmp_path: Path) -> None:
    before = look([file], {})
    (tmp_path / "new").write_text("two")
    (tmp_path / "new").replace(file)
    assert changed(before, look([file], before)) == {file}


@pytest.mark.skipif(os.name != "posix", reason="modes mean little elsewhere")
def test_who_may_write_a_file_is_part_of_what_it_is(file: Path) -> None:
    file.chmod(0o666)
    before = look([file], {})
    file.chmod(0o600)
    assert changed(before, look([file], before)) == {file}


def test_a_folder_has_changed_when_it_holds_other_names(tmp_path: Path, file: Path) -> None:
    before = look([tmp_path], {})
    file.write_text("two")
    aged(tmp_path)
    same = look([tmp_path], before)
    assert changed(before, same) == set()
    (tmp_path / "new").touch()
    aged(tmp_path, 20)
    assert changed(same, look([tmp_path], same)) == {tmp_path}


def test_a_large_file_is_told_by_its_date(file: Path) -> None:
    file.write_bytes(b"x" * (1024 * 1024 + 1))
    before = look([file], {})
    aged(file)
    assert changed(before, look([file], before)) == {file}


def test_a_file_that_cannot_be_read_is_told_by_its_date(tmp_path: Path) -> None:
    pipe = tmp_path / "link"
    pipe.symlink_to("/proc/self/mem" if Path("/proc/self/mem").exists() else "/dev/null")
    assert look([pipe], {})[pipe].content


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_what_is_neither_file_nor_folder_is_never_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    before = look([pipe], {})
    assert named_files(pipe) is None
    aged(pipe)
    assert changed(before, look([pipe], before)) == {pipe}


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_a_folder_may_hold_names_that_are_no_text(tmp_path: Path) -> None:
    before = look([tmp_path], {})
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).touch()
    aged(tmp_path)
    assert changed(before, look([tmp_path], before)) == {tmp_path}


def test_a_name_that_no_file_can_have_is_no_file() -> None:
    path = Path("a\0b")
    assert look([path], {})[path] == Seen()


def test_a_file_that_was_not_looked_at_before_has_not_changed(file: Path) -> None:
    assert changed({}, look([file], {})) == set()


def test_settings_name_their_secrets_and_their_own_code(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text("""
        [server]
        api-keys = ["file:key.txt", "env:NAME", "plain"]
        [[accounts]]
        refresh-token = "file:/run/secrets/kiro"
        [[pipeline]]
        stage = "./mine.py"
        [[pipeline]]
        stage = "account-select"
        strategy = "choose.py:mine"
        sayings = ["no.python", "what.pyx", "package.module:Class"]
        when = 1979-05-27
    """)
    named = [tmp_path / name for name in ("key.txt", "mine.py", "choose.py")]
    assert named_files(settings) == frozenset([*named, Path("/run/secrets/kiro")])


def test_the_home_folder_is_understood_and_an_unknown_user_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    settings = tmp_path / "config.toml"
    settings.write_text('a = "file:~/key"\nb = "file:~no-such-user/key"\n')
    named = [tmp_path / "home/key", tmp_path / "~no-such-user/key"]
    assert named_files(settings) == frozenset(named)


def test_settings_may_be_nested_deeply(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text("a." * 2000 + 'a = "file:key"')
    assert named_files(settings) == frozenset([tmp_path / "key"])


def test_a_missing_settings_file_names_nothing(tmp_path: Path) -> None:
    assert named_files(tmp_path / "config.toml") == frozenset()


DEEP = b"a = " + b"[" * 100_000
LARGE = b"# x\n" * 2_000_000


@pytest.mark.parametrize("content", [b"[server", b"\xff\xfe", DEEP, LARGE])
def test_of_a_broken_settings_file_it_is_not_known(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    assert named_files(tmp_path / "config.toml") is None
    assert named_files(tmp_path) is None


def test_files_are_named_also_after_a_mark_of_the_byte_order(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text('[server]\napi-keys = ["file:key"]\n', "utf-8-sig")
    assert named_files(settings) == frozenset({tmp_path / "key"})
