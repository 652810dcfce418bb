"""Notices from a thread of its own that the event loop stands still, and says where.

While one request computes, or a stage calls something that blocks, nobody else is served.
"""

import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

import loguru

EVERY = 0.1
"""Seconds between two beats of the loop, and between two looks of the thread."""
PATIENCE = 0.1
"""Seconds that a beat may be late."""
QUIET = 60.0
"""Seconds in which the same place is told once."""
_FRAMES = 3


class Stalls:
    """Watches the loop of the thread that makes it, as long as that beats."""

    def __init__(
        self,
        tell: Callable[[str], object] = lambda said: loguru.logger.warning("{}", said),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._watched = threading.get_ident()
        self._beat: float | None = None
        self._told_of: float | None = None
        self._looked = clock()
        self._told: dict[str, float] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stalls", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._end.set()

    def beat(self) -> None:
        """Say, in the loop, that it goes round."""
        self._beat = self._clock()

    def rest(self) -> None:
        """Expect no beat any more."""
        self._beat = None

    def look(self, frame: FrameType | None) -> None:
        """Tell where the loop stands still, if it does; `frame` is what its thread runs."""
        now, beat = self._clock(), self._beat
        asleep, self._looked = now - self._looked, now
        # Where this thread was late as well, the machine was busy, or the interpreter was held.
        if beat is None or beat == self._told_of or frame is None or asleep > EVERY + PATIENCE:
            return
        still = now - beat - EVERY
        if still <= PATIENCE:
            return
        self._told_of, where = beat, _place(frame)
        if now - self._told.get(where, -QUIET) >= QUIET:
            self._told = {each: at for each, at in self._told.items() if now - at < QUIET}
            self._told[where] = now
            self._tell(f"nobody has been served for {still:.1f} s: the event loop is in {where}")

    def _run(self) -> None:
        while not self._end.wait(EVERY):
            self.look(sys._current_frames().get(self._watched))  # noqa: SLF001 - documented, and the only way


def _place(frame: FrameType) -> str:
    """Name the innermost lines that run, the outer one first."""
    stack = traceback.extract_stack(frame)[-_FRAMES:]
    return " > ".join(f"{each.name} ({each.filename}:{each.lineno})" for each in stack)
