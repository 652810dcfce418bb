"""Writes the log from a thread of its own, so that a reader who stops reading stops nobody."""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

ROOM = 1024 * 1024
"""Characters that may wait to be written; what is more is lost, and counted."""
PATIENCE = 0.5
"""Seconds that the end of the log waits for what is still to be written."""
GATHER = 0.02
"""Seconds after a line in which others gather: to wake a thread costs more than a line."""


class Writer:
    """A place for loguru to write to: `write` never waits, and `stop` not for long."""

    def __init__(self, stream: TextIO, *, room: int = ROOM) -> None:
        self._stream = stream
        self._room = room
        self._waiting: list[str] = []
        self._taken = 0
        self._lost = 0
        self._stopped = False
        self._asleep = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def isatty(self) -> bool:
        """Tell whether people watch, who get colours."""
        return self._stream.isatty()

    def write(self, text: str) -> None:
        """Let a line be written soon, or count it as lost where too many wait already."""
        with self._changed:
            if self._taken + len(text) > self._room:
                self._lost += 1
                return
            self._taken += len(text)
            self._waiting.append(text)
            if self._asleep:
                self._asleep = False
                self._changed.notify()

    def own(self, words: str) -> str:
        """Make a line of what the log has to say of itself."""
        return f"{words}\n"

    def stop(self) -> None:
        """Write what waits, unless nobody reads it."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        put = _way_to(self._stream)
        while text := self._next():
            # A log that cannot be written is no reason to serve nobody.
            with suppress(OSError, ValueError):
                put(text)
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, GATHER)

    def _next(self) -> str:
        """Wait for all that can be written at once; "" at the end."""
        with self._changed:
            # What is just being written still takes its room.
            self._taken = sum(map(len, self._waiting))
            while not (self._waiting or self._lost or self._stopped):
                self._asleep = True
                self._changed.wait()
            lines, self._waiting = self._waiting, []
            if self._lost:
                words = f"{self._lost} lines of the log are lost: nobody read it in time"
                lines.append(self.own(words))
                self._lost = 0
            return "".join(lines)


def _way_to(stream: TextIO) -> Callable[[str], object]:
    """Return what writes to a stream, around its buffer where it has a descriptor.

    A thread that is stuck in the buffer of standard error would make the interpreter abort at its
    end.
    """
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return stream.write
    if sys.platform == "win32":  # a console there wants more than bytes
        return lambda text: (stream.write(text), stream.flush())

    def put(text: str) -> None:
        data = memoryview(text.encode(stream.encoding, "backslashreplace"))
        while data:
            data = data[os.write(descriptor, data) :]

    return put
