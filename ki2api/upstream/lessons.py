"""What Kiro's answers taught: which models refuse extra fields, and whose earlier thoughts are.

A block that a client sends back does not say which model signed it. What came through here is
known; anything else is tried, and once it was refused, never again (docs/kiro.md §3.6).
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256

from ki2api.kiro.compose import Learnt
from ki2api.kiro.interpret import Interpreter

REMEMBERED = 10_000
"""Thoughts whose model is known; the oldest are forgotten first."""
REFUSAL_SECONDS = 3_600.0
"""How long a model is taken to refuse extra fields: as long as a list of models is believed."""
_NOBODY = ""


class Lessons:
    """Remembers, for one endpoint, what is better not asked again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refusing: dict[str, float] = {}
        self._owners: OrderedDict[bytes, str] = OrderedDict()

    def of(self, model_id: str) -> Learnt:
        """Return what is known of a model now."""
        refuses = self._clock() < self._refusing.get(model_id, 0.0)
        return Learnt(refuses, partial(self._replays, model_id))

    def fields_refused(self, model_id: str) -> None:
        """Take it that the model has no extra fields."""
        self._refusing[model_id] = self._clock() + REFUSAL_SECONDS

    def thoughts_refused(self, proofs: Iterable[str]) -> None:
        """Take it that some of these signatures are no model's."""
        self._own(proofs, _NOBODY)

    def learn(self, interpreter: Interpreter, model_id: str) -> None:
        """Learn from a reply that has ended, or broken off, which thoughts are this model's."""
        self._own(interpreter.proofs, model_id)

    def _own(self, proofs: Iterable[str], model_id: str) -> None:
        for proof in proofs:
            self._owners[_digest(proof)] = model_id
            if len(self._owners) > REMEMBERED:
                self._owners.popitem(last=False)

    def _replays(self, model_id: str, proof: str) -> bool:
        return self._owners.get(_digest(proof), model_id) == model_id


def _digest(proof: str) -> bytes:
    return sha256(proof.encode()).digest()
