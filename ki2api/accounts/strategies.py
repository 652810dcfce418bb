"""Which account serves a new conversation: pure functions over those that could, and a clock."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from ki2api.accounts.companion import PlanUsage
from ki2api.errors import Bug
from pipeline.code import load_function
from pipeline.errors import CodeNotFound, did_you_mean


class Candidate(Struct, frozen=True):
    """An account that could serve now, as a strategy sees it.

    `position` is its place in the configured order. `due` says in which round its next turn comes:
    an account of weight 2 comes twice a round. `usage` is what Kiro last said of its plan.
    """

    name: str
    position: int
    weight: int
    due: float
    in_flight: int
    requests: int
    usage: PlanUsage | None = None


Strategy: TypeAlias = Callable[[Sequence[Candidate], float], Candidate]
"""Gets at least one candidate and the time in Unix seconds, and returns one of the candidates."""


_TURN = attrgetter("due", "position")


def round_robin(candidates: Sequence[Candidate], _now: float) -> Candidate:
    """Let accounts take turns in the configured order, by their weights."""
    return min(candidates, key=_TURN)


def first_ready(candidates: Sequence[Candidate], _now: float) -> Candidate:
    """Use the first account as long as it can serve, then the second."""
    return min(candidates, key=lambda each: each.position)


def least_used(candidates: Sequence[Candidate], _now: float) -> Candidate:
    """Use the account with the fewest requests under way, then the fewest served, by weight."""
    return min(
        candidates,
        key=lambda each: (each.in_flight / each.weight, each.requests / each.weight, each.position),
    )


BUILT_IN: Mapping[str, Strategy] = {
    "round-robin": round_robin,
    "first-ready": first_ready,
    "least-used": least_used,
}


class Strategies:
    """Finds a strategy by the word that a settings file in this folder has for it."""

    def __init__(self, folder: Path = Path()) -> None:
        self._folder = folder

    def find(self, word: str) -> Strategy:
        """Return the strategy; raises CodeNotFound with what is wrong and what there is."""
        if word in BUILT_IN:
            return BUILT_IN[word]
        title = f'strategy "{word}"'
        if ":" in word:
            return _checked(title, load_function(title, word, self._folder))
        hint = did_you_mean(word, BUILT_IN) or f"; there are {', '.join(BUILT_IN)}"
        raise CodeNotFound(f'there is no strategy "{word}"{hint}, or file.py:function')


def _checked(title: str, choose: Strategy) -> Strategy:
    def chosen(candidates: Sequence[Candidate], now: float) -> Candidate:
        choice = choose(candidates, now)
        if choice not in candidates:
            raise Bug(f"The {title} returned none of its candidates, but {type(choice).__name__}.")
        return choice

    return chosen
