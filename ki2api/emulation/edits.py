"""Changes of a reply on its way out, event by event; one of them may end it early."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ki2api.emulation.length import Length
from ki2api.events import ReplyEnded, ReplyEvent


class Edit(Protocol):
    """One change; it holds the state of one reply."""

    def feed(self, event: ReplyEvent) -> Iterable[ReplyEvent]:
        """Take an event and give those to pass on; after a ReplyEnded it is given no more."""


class Edits:
    """Edits in a row, the first one nearest to the model, and the length that is counted last."""

    def __init__(self, edits: Sequence[Edit], length: Length) -> None:
        self._edits = edits
        self.length = length
        """Knows whether the reply is over."""

    def feed(self, batch: tuple[ReplyEvent, ...]) -> tuple[ReplyEvent, ...]:
        """Take a batch; what would come after the reply's end is left out."""
        if self._edits:
            return self.length.each(self._edited(batch))
        return self.length.feed(batch)

    def _edited(self, batch: Sequence[ReplyEvent]) -> Iterator[ReplyEvent]:
        """Give what becomes of each event before the next one is looked at."""
        for event in batch:
            yield from self._through(event)

    def _through(self, event: ReplyEvent) -> Sequence[ReplyEvent]:
        events: Sequence[ReplyEvent] = (event,)
        for edit in self._edits:
            passed: list[ReplyEvent] = []
            for each in events:
                passed += edit.feed(each)
                if passed and isinstance(passed[-1], ReplyEnded):
                    break
            events = passed
        return events
