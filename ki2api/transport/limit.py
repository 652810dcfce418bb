"""A limit of time that costs little where it is kept, which is nearly always."""

import asyncio
from math import inf
from types import TracebackType
from typing import Self

from ki2api.alarms import Alarms


class Limit:
    """Gives what is inside so many seconds, None for any time; raises TimeoutError.

    As `asyncio.timeout` does, without a timer of its own.
    """

    __slots__ = ("_alarms", "_before", "_loop", "_over", "_seconds", "_task", "at")

    def __init__(self, seconds: float | None, alarms: Alarms) -> None:
        self._seconds = seconds
        self._alarms = alarms
        self._over = False
        self.at = inf

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a limit is for what runs in a task")
        self._task, self._before = task, task.cancelling()
        self._loop = task.get_loop()
        if self._seconds is not None:
            self.renew()
            self._alarms.set(self)
        return self

    def renew(self) -> None:
        """Give it the whole time again."""
        if self._seconds is not None:
            self.at = self._loop.time() + self._seconds

    def ring(self) -> None:
        """Break off what is inside; part of an alarm."""
        self._over = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._alarms.drop(self)
        if self._over:
            # Others may have cancelled the task, too: then it is not ours to say.
            ours = self._task.uncancel() <= self._before
            if ours and kind is asyncio.CancelledError:
                raise TimeoutError from error
