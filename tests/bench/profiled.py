"""Runs `ki2api` under cProfile: `python -m tests.bench.profiled OUT serve ...`.

Nothing is recorded before the first SIGUSR1 (so neither is the start) nor after the second; then
the profile is written.
"""

import cProfile
import signal
import sys
from types import FrameType

from ki2api.__main__ import main


def recording(out: str) -> None:
    """Begin and end by signals."""
    profile = cProfile.Profile()

    def begin(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGUSR1, end)
        profile.enable()

    def end(_number: int, _frame: FrameType | None) -> None:
        profile.disable()
        profile.dump_stats(out)

    signal.signal(signal.SIGUSR1, begin)


if __name__ == "__main__":
    recording(sys.argv.pop(1))
    main()
