"""The log goes on when nobody reads it, and so does everything else."""

import os
import threading
from contextlib import suppress
from typing import TextIO, cast

import msgspec

from ki2api.cli.logs import _JsonLines
from ki2api.cli.writer import Writer


class Slow:
    """A stream without a descriptor that takes nothing until it may."""

    def __init__(self) -> None:
        self.may, self.begun = threading.Event(), threading.Event()
        self.text = ""

    def fileno(self) -> int:
        raise OSError

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> None:
        self.begun.set()
        assert self.may.wait(30)
        self.text += text


def test_what_does_not_fit_is_lost_and_counted() -> None:
    slow = Slow()
    writer = Writer(cast("TextIO", slow), room=10)
    writer.write("one\n")
    assert slow.begun.wait(30)
    for text in ("two\n", "three\n", "four\n"):
        writer.write(text)
    slow.may.set()
    writer.stop()
    told = "2 lines of the log are lost: nobody read it in time\n"
    assert slow.text == f"one\ntwo\n{told}"


def test_room_is_free_again_when_it_was_written() -> None:
    slow = Slow()
    slow.may.set()
    writer = Writer(cast("TextIO", slow), room=10)
    writer.write("123456789\n")
    assert slow.begun.wait(30)
    while writer._taken:
        pass
    writer.write("987654321\n")
    writer.stop()
    assert slow.text == "123456789\n987654321\n"


def test_the_end_does_not_wait_for_a_pipe_that_nobody_reads() -> None:
    reader, pipe = os.pipe()
    with os.fdopen(pipe, "w") as stream:
        writer = Writer(stream)
        writer.write("x" * 500_000 + "\n")
        writer.stop()
        assert writer._thread.is_alive()
        os.set_blocking(reader, False)  # all may be read before the thread has ended
        while writer._thread.is_alive():
            with suppress(BlockingIOError):
                os.read(reader, 65536)
        os.close(reader)


def test_a_pipe_that_is_closed_harms_nobody() -> None:
    reader, pipe = os.pipe()
    os.close(reader)
    with os.fdopen(pipe, "w") as stream:
        writer = Writer(stream)
        writer.write("lost\n")
        writer.stop()
    assert not writer._thread.is_alive()


def test_a_log_of_json_says_so_in_json() -> None:
    line = msgspec.json.decode(_JsonLines(cast("TextIO", Slow())).own("2 lines are lost"))
    assert (line["level"], line["message"]) == ("warning", "2 lines are lost")
