"""The limit of a reply's length, by the estimate of its tokens, and the figures of a cut reply."""

from collections.abc import Iterable

from ki2api.estimate import Tally
from ki2api.events import (
    PartDelta,
    PartEnded,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    Usage,
    UsageReported,
)


class Length:
    """Ends the reply when `limit` tokens were passed on, in words, thoughts and tool calls alike.

    It stands last: a reply that was ended early, here or before, gets an estimate of its usage,
    since Kiro tells the true one at the end alone. A tool call that is cut stays as it is, broken
    off, as at both vendors.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._tally = Tally()
        # No letter takes more than one token, so that so many letters need no closer look.
        self._sure = limit or 0
        self._input = 0
        self._reported = False

    def feed(self, event: ReplyEvent) -> Iterable[ReplyEvent]:
        """Pass on what there is room for."""
        match event:
            case PartDelta():
                return self._delta(event)
            case ReplyStarted(estimated_input=tokens):
                self._input = tokens
            case UsageReported():
                self._reported = True
            case ReplyEnded() if not self._reported:
                return self._estimate(), event
        return (event,)

    def _delta(self, delta: PartDelta) -> Iterable[ReplyEvent]:
        text, limit = delta.text, self._limit
        self._sure -= len(text)
        if limit is None or self._sure > 0:
            self._tally.add(text)
            return (delta,)
        room = self._room(text, limit)
        self._sure = limit - self._tally.tokens
        if self._tally.tokens < limit:
            return (delta,)
        kept, ended = PartDelta(delta.index, text[:room]), ReplyEnded("max-tokens")
        return kept, PartEnded(delta.index), self._estimate(), ended

    def _room(self, text: str, limit: int) -> int:
        """Count a text, and return how many of its letters there is room for: one at the least."""
        for place, letter in enumerate(text):
            self._tally.add(letter)
            if self._tally.tokens > limit:
                return max(place, 1)
        return len(text)

    def _estimate(self) -> UsageReported:
        counted = self._tally.tokens
        output = counted if self._limit is None else min(counted, self._limit)
        return UsageReported(Usage(self._input, output, "estimate"))
