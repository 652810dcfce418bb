"""Who could put other words into a file."""

from pathlib import Path

from pipeline.trust import open_to_others


def test_a_file_and_its_folder_are_looked_at(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert open_to_others(tmp_path / "a", 0o600) is None
    assert open_to_others(tmp_path / "a", 0o620) == tmp_path / "a"
    tmp_path.chmod(0o777)
    assert open_to_others(tmp_path / "a", 0o600) == tmp_path
    tmp_path.chmod(0o1777)
    assert open_to_others(tmp_path / "a", 0o600) is None


def test_a_folder_that_is_gone_is_nobodys(tmp_path: Path) -> None:
    assert open_to_others(tmp_path / "gone" / "a", 0o600) is None
