"""Streams that move in batches: a change of every batch costs one call, not one more iterator."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Self, TypeAlias, TypeVar

T = TypeVar("T")
Batch: TypeAlias = tuple[T, ...]
Change: TypeAlias = Callable[[Batch[Any]], Batch[Any]]


class Through(AsyncIterator[Batch[Any]]):
    """A stream whose batches pass through plain functions; batches left empty are skipped."""

    def __init__(self, source: AsyncIterator[Batch[Any]], changes: tuple[Change, ...]) -> None:
        self._source = source
        self._changes = changes

    @classmethod
    def join(cls, source: AsyncIterator[Batch[Any]], change: Change) -> Self:
        """Add a change to a stream; changes that stand in a row share one iterator."""
        if isinstance(source, cls):
            return cls(source._source, (*source._changes, change))
        return cls(source, (change,))

    async def __anext__(self) -> Batch[Any]:
        async for batch in self._source:
            changed = batch
            for change in self._changes:
                changed = change(changed)
            if changed:
                return changed
        raise StopAsyncIteration
