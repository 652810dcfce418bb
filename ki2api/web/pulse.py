"""A timer that fires when an answer has been silent for too long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self


class Pulse:
    """Calls `beat` in a task of the group after each `seconds` without a `touch`; 0 for never."""

    def __init__(
        self, group: asyncio.TaskGroup, beat: Callable[[], Awaitable[None]], seconds: float
    ) -> None:
        self._group = group
        self._beat = beat
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._seconds = 0.0
        self.every(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

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
            beat = self._once()
            try:
                self._group.create_task(beat)
            except RuntimeError:  # the group is being left: the client is gone
                beat.close()
                return
        self._timer = self._loop.call_at(self._last + self._seconds, self._due)

    async def _once(self) -> None:
        await self._beat()
