"""Streams that move in batches: a change of every batch costs one call, not one more iterator."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Self, TypeAlias, TypeVar

T = TypeVar("T")
Batch: TypeAlias = tuple[T, ...]
Change: TypeAlias = Callable[[Batch[Any]], Batch[Any]]


async def close(stream: AsyncIterator[Any]) -> None:
    """Close a stream, if it can be closed: left to the garbage collector, it would end anywhere."""
    aclose = getattr(stream, "aclose", None)
    if aclose is not None:
        await aclose()


class Wrapped(AsyncIterator[Batch[Any]]):
    """A stream around another one; closing it closes the one inside, if that can be closed."""

    def __init__(self, source: AsyncIterator[Batch[Any]]) -> None:
        self.source = source

    async def aclose(self) -> None:
        """Close the stream inside."""
        await close(self.source)


class Through(Wrapped):
    """A stream whose batches pass through plain functions; batches left empty are skipped."""

    def __init__(self, source: AsyncIterator[Batch[Any]], changes: tuple[Change, ...]) -> None:
        super().__init__(source)
        self.changes = changes

    @classmethod
    def join(cls, source: AsyncIterator[Batch[Any]], change: Change) -> Self:
        """Add a change to a stream; changes that stand in a row share one iterator."""
        if isinstance(source, cls):
            return cls(source.source, (*source.changes, change))
        return cls(source, (change,))

    async def __anext__(self) -> Batch[Any]:
        async for batch in self.source:
            changed = batch
            for change in self.changes:
                changed = change(changed)
            if changed:
                return changed
        raise StopAsyncIteration
