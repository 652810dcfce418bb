"""The process ends in time, whatever does not."""

import subprocess
import sys

PROGRAM = """
import threading
from ki2api.cli.running import _deadline

with _deadline(0.01, 3) as starts:
    {}
"""


def test_what_hangs_ends_by_the_deadline_and_its_status() -> None:
    hanging = PROGRAM.format("starts(); threading.Event().wait()")
    ended = subprocess.run([sys.executable, "-c", hanging], capture_output=True, check=False)
    assert ended.returncode == 3
    assert b"what does not end is left behind" in ended.stderr


def test_what_ends_before_is_left_alone() -> None:
    quick = PROGRAM.format("pass")
    ended = subprocess.run([sys.executable, "-c", quick], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_where_no_thread_can_be_made_the_end_is_as_good() -> None:
    narrow = PROGRAM.format("threading.stack_size(2**46); starts()")
    ended = subprocess.run([sys.executable, "-c", narrow], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
