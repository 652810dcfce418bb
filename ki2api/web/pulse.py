"""Sees to it that an answer is not silent for too long."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self

from ki2api.alarms import Alarms


class Pulse:
    """Calls `beat` in a task of its own after each `seconds` without a `touch`; 0 for never."""

    def __init__(
        self, beat: Callable[[], Coroutine[Any, Any, None]], seconds: float, alarms: Alarms
    ) -> None:
        self._beat = beat
        self._beating: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._alarms = alarms
        self._seconds = -1.0
        self.every(seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End with the last beat; raises what that has raised."""
        self._alarms.drop(self)
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
        before, self._seconds = self._seconds, seconds
        self.touch()
        if seconds == before:
            return
        if seconds > 0:
            self._alarms.set(self)
        else:
            self._alarms.drop(self)

    def touch(self) -> None:
        """Say that something was sent just now."""
        self.at = self._loop.time() + self._seconds

    def ring(self) -> None:
        """Beat, unless the last one goes on, or has failed; part of an alarm."""
        if self._beating is None or _went_well(self._beating):
            self._beating = self._loop.create_task(self._beat())
        self.touch()
        self._alarms.set(self)


def _went_well(beat: asyncio.Task[None]) -> bool:
    return beat.done() and not beat.cancelled() and beat.exception() is None
