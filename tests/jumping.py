"""An event loop whose clock jumps: an hour takes as long as the work in it."""

import asyncio
import selectors

PATIENCE = 10.0
"""Seconds of our own time for what a thread does, if nothing else is to come."""


class Jumping(selectors.DefaultSelector):
    """Waits for nothing: the time that would pass, passes at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0 if timeout is not None else PATIENCE)
        assert ready or timeout is not None, "everybody waits for something that never comes"
        self.now += 0.0 if ready else timeout or 0.0
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on which an hour takes as long as the work in it."""

    def __init__(self) -> None:
        self._jumping = Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now
