"""Files that could hang a process or fill its memory, on a real disk."""

import os
from pathlib import Path

import pytest

from pipeline.files import MIB, read_text


def test_a_text_is_read_with_the_line_ends_of_python(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes("ä\r\nb\n".encode())
    assert read_text(tmp_path / "file") == "ä\nb\n"


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * MIB)
    assert len(read_text(file)) == MIB
    file.write_bytes(b"x" * (MIB + 1))
    with pytest.raises(OSError, match="it is larger than 1 MiB"):
        read_text(file)
    assert len(read_text(file, limit=2 * MIB)) == MIB + 1


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - each system has words of its own
        read_text(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_a_pipe_or_a_device_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="it is not a regular file"):
            read_text(path)
