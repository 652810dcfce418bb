"""Work beside the requests that has an owner: nothing started here is lost or left behind."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Errands:
    """The tasks of one owner: each is kept until it ends, and none outlives its owner.

    Only code that swallows its cancellation does: it is left behind after `patience` seconds.
    """

    def __init__(self, patience: float = 2.0) -> None:
        self._patience = patience
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return sum(not task.done() for task in self._tasks)

    def start(self, errand: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(errand)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def send(self, errand: Coroutine[Any, Any, None]) -> None:
        """Start an errand that nobody waits for."""
        _ = self.start(errand)

    async def finish(self, grace: float | None = None) -> None:
        """Let all errands end by themselves for `grace` seconds, then cancel what is left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while self._tasks:
                    for task in self._tasks:
                        task.cancel()
                    await asyncio.wait(self._tasks)


class Busy(Protocol):
    """Whoever has errands under way."""

    async def finish(self, grace: float) -> None: ...


async def finish_all(grace: float, *owners: Busy) -> None:
    """Let the errands of several owners end at the same time."""
    await asyncio.gather(*(owner.finish(grace) for owner in owners))
