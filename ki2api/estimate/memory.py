"""Remembers what things were estimated at: clients send their whole conversation each time."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from ki2api.estimate.families import Family


class _Sized(Protocol):
    def __len__(self) -> int: ...
    def __hash__(self) -> int: ...


ThingT = TypeVar("ThingT", bound=_Sized)
FoundT = TypeVar("FoundT")


class Memory(Generic[ThingT, FoundT]):
    """Measures a thing once. The things themselves are not kept, only their hashes."""

    def __init__(self, measure: Callable[[ThingT, Family], FoundT], most: int) -> None:
        self._measure = measure
        self._most = most
        self._known: dict[tuple[Family, int, int], FoundT] = {}

    def of(self, thing: ThingT, family: Family) -> FoundT:
        """Return what the measure gives."""
        key = family, len(thing), hash(thing)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= self._most:
                self._known.clear()
            found = self._known[key] = self._measure(thing, family)
        return found
