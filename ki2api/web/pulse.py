"""A timer that fires when an answer has been silent for too long."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self


class Pulse:
    """Calls `beat` in a task of its own after each `seconds` without a `touch`; 0 for never."""

    def __init__(self, beat: Callable[[], Coroutine[Any, Any, None]], seconds: float) -> None:
        self._beat = beat
        self._beating: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._seconds = 0.0
        self.every(seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End with the last beat; raises what that has raised."""
        self.stop()
        beating = self._beating
        if beating is None:
            return
        if kind is not None:
            beating.cancel()
            await asyncio.wait({beating})
        else:
            await beating

    def every(self, seconds: float) -> None:
        """Start counting anew, with this span of silence."""
        self.touch()
        if self._timer is not None and seconds == self._seconds:
            return  # it looks when it fires
        self.stop()
        self._seconds = seconds
        if seconds > 0:
            self._timer = self._loop.call_later(seconds, self._due)

    def touch(self) -> None:
        """Say that something was sent just now."""
        self._last = self._loop.time()

    def stop(self) -> None:
        """Fire no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        # Moving the timer on every touch would cost more than letting it look when it fires.
        if self._loop.time() - self._last >= self._seconds:
            self.touch()
            if self._beating is None or _went_well(self._beating):
                self._beating = self._loop.create_task(self._beat())
        self._timer = self._loop.call_at(self._last + self._seconds, self._due)


def _went_well(beat: asyncio.Task[None]) -> bool:
    return beat.done() and not beat.cancelled() and beat.exception() is None
