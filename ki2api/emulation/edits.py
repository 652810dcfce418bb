"""Changes of a reply on its way out, event by event; one of them may end it early."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from ki2api.events import ReplyEnded, ReplyEvent


class Edit(Protocol):
    """One change; it holds the state of one reply."""

    def feed(self, event: ReplyEvent) -> Iterable[ReplyEvent]:
        """Take an event and give those to pass on; after a ReplyEnded it is given no more."""


class Edits:
    """Edits in a row, the first one nearest to the model. `ended` says that the reply is over."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits
        self._take = edits[0].feed if len(edits) == 1 else self._through
        self.ended = False

    def feed(self, batch: Sequence[ReplyEvent]) -> tuple[ReplyEvent, ...]:
        """Take a batch; what would come after the reply's end is left out."""
        out: list[ReplyEvent] = []
        for event in batch:
            out += self._take(event)
            if out and isinstance(out[-1], ReplyEnded):
                self.ended = True
                break
        return tuple(out)

    def _through(self, event: ReplyEvent) -> Iterable[ReplyEvent]:
        events: Sequence[ReplyEvent] = (event,)
        for edit in self._edits:
            passed: list[ReplyEvent] = []
            for each in events:
                passed += edit.feed(each)
                if passed and isinstance(passed[-1], ReplyEnded):
                    break
            events = passed
        return events
