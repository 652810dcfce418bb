"""The limit of a reply's length, by the estimate of its tokens, and the figures of a cut reply."""

from collections.abc import Iterable

from ki2api.estimate import Family, Tally
from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    Usage,
    UsageReported,
)

MOST_IN_A_BYTE = 2
"""Tokens: as long as there is room for so many, nobody needs to look how near the limit is.

No text has more tokens than bytes; how it is cut into pieces may make its estimate a little larger.
"""
_BYTES_IN_A_LETTER = 4
_MOST_UNCOUNTED = 16_384


class Length:
    """Ends the reply when `limit` tokens were passed on, in words, thoughts and tool calls alike.

    It stands last: a reply that was ended early, here or before, gets an estimate of its usage,
    since Kiro tells the true one at the end alone. A tool call that is cut stays as it is, broken
    off, as at both vendors.
    """

    def __init__(self, limit: int | None = None, family: Family = "claude") -> None:
        self._limit = limit
        self._tally = Tally(family)
        self._thoughts = Tally(family)
        self._thinks = False
        self._room = _room_in(limit)
        """Bytes that surely fit: until more have come, nobody needs to know what they come to."""
        self._uncounted: list[str] = []
        self._input = 0
        self._searches = 0
        self._reported = False
        self.ended = False
        """Whether the reply is over."""

    def feed(self, batch: tuple[ReplyEvent, ...]) -> tuple[ReplyEvent, ...]:
        """Pass on what there is room for, and nothing after the end of the reply."""
        if len(batch) == 1 and isinstance(event := batch[0], PartDelta) and not self._thinks:
            text = event.text
            room = self._room - len(text) * (1 if text.isascii() else _BYTES_IN_A_LETTER)
            if room > 0:  # as below: nearly all batches are of this kind
                self._room = room
                self._uncounted.append(text)
                return batch
        return self.each(batch)

    def each(self, events: Iterable[ReplyEvent]) -> tuple[ReplyEvent, ...]:
        """Do the same with events that come one by one: none is asked for after the end."""
        out: list[ReplyEvent] = []
        for event in events:
            if isinstance(event, PartDelta):
                text = event.text
                self._room -= len(text) * (1 if text.isascii() else _BYTES_IN_A_LETTER)
                self._uncounted.append(text)
                if self._thinks:
                    self._thoughts.add(text)
                if self._room > 0:
                    out.append(event)
                    continue
                out += self._looked_at(event)
            else:
                out += self._border(event)
            if self.ended:
                break
        return tuple(out)

    def _border(self, event: ReplyEvent) -> Iterable[ReplyEvent]:
        match event:
            case PartStarted(kind=kind, result=result):
                self._thinks = kind == "thinking"
                self._searches += result is not None and not result.fault
            case ReplyStarted(estimated_input=tokens):
                self._input = tokens
            case UsageReported():
                self._reported = True
            case ReplyEnded():
                self.ended = True
                return (event,) if self._reported else (self._estimate(), event)
        return (event,)

    def _counted(self) -> Tally:
        for text in self._uncounted:
            self._tally.add(text)
        self._uncounted.clear()
        return self._tally

    def _looked_at(self, delta: PartDelta) -> Iterable[ReplyEvent]:
        """Pass on what there is room for of a delta that may be the one that reaches the limit."""
        limit, text = self._limit, self._uncounted.pop()
        before = self._counted().copy()
        self._tally.add(text)
        if limit is None:
            self._room = _room_in(None)
            return (delta,)
        left = limit - self._tally.tokens
        self._room = _room_in(left)
        if left > 0:
            return (delta,)
        kept = text[: _fitting(before, text, limit)] if left else text
        words = (PartDelta(delta.index, kept),) if kept else ()
        self.ended = True
        return *words, PartEnded(delta.index), self._estimate(), ReplyEnded("max-tokens")

    def _estimate(self) -> UsageReported:
        counted = self._counted().tokens
        output = counted if self._limit is None else min(counted, self._limit)
        thinking = min(self._thoughts.tokens, output) or None
        return UsageReported(
            Usage(self._input, output, "estimate", searches=self._searches, thinking=thinking)
        )


def _room_in(tokens: int | None) -> int:
    """Return how many bytes surely come to less; without a limit, how many are kept uncounted."""
    return _MOST_UNCOUNTED if tokens is None else tokens // MOST_IN_A_BYTE


def _fitting(before: Tally, text: str, limit: int) -> int:
    """Return how many letters of a text there is room for: one at the least of a whole reply."""
    fits, most = int(not before.tokens), len(text)
    while fits < most:
        middle = (fits + most + 1) // 2
        tried = before.copy()
        tried.add(text[:middle])
        if tried.tokens <= limit:
            fits = middle
        else:
            most = middle - 1
    return fits
