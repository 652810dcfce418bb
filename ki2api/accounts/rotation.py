"""Which account serves next: pure functions over the accounts that could, and whose turn it is."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Candidate(Protocol):
    """An account that could serve now; `position` is its place in the configured order."""

    @property
    def position(self) -> int: ...


C = TypeVar("C", bound=Candidate)


def round_robin(candidates: Sequence[C], turn: int) -> C:
    """Return the first candidate at or after position `turn`, or else the first of all."""
    return min(candidates, key=lambda candidate: (candidate.position < turn, candidate.position))
