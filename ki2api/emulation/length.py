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
        self._sure = (limit or 0) // MOST_IN_A_BYTE
        """Bytes that surely have room."""
        self._input = 0
        self._searches = 0
        self._reported = False

    def feed(self, event: ReplyEvent) -> Iterable[ReplyEvent]:
        """Pass on what there is room for."""
        match event:
            case PartDelta():
                return self._delta(event)
            case PartStarted(kind=kind, result=result):
                self._thinks = kind == "thinking"
                self._searches += result is not None and not result.fault
            case ReplyStarted(estimated_input=tokens):
                self._input = tokens
            case UsageReported():
                self._reported = True
            case ReplyEnded() if not self._reported:
                return self._estimate(), event
        return (event,)

    def _delta(self, delta: PartDelta) -> Iterable[ReplyEvent]:
        text, limit = delta.text, self._limit
        self._sure -= len(text) * (1 if text.isascii() else _BYTES_IN_A_LETTER)
        if limit is None or self._sure > 0:
            self._add(text)
            return (delta,)
        before = self._tally.copy()
        self._add(text)
        left = limit - self._tally.tokens
        self._sure = left // MOST_IN_A_BYTE
        if left > 0:
            return (delta,)
        kept = text[: _room(before, text, limit)] if left else text
        words = (PartDelta(delta.index, kept),) if kept else ()
        return *words, PartEnded(delta.index), self._estimate(), ReplyEnded("max-tokens")

    def _add(self, text: str) -> None:
        self._tally.add(text)
        if self._thinks:
            self._thoughts.add(text)

    def _estimate(self) -> UsageReported:
        counted = self._tally.tokens
        output = counted if self._limit is None else min(counted, self._limit)
        thinking = min(self._thoughts.tokens, output) or None
        return UsageReported(
            Usage(self._input, output, "estimate", searches=self._searches, thinking=thinking)
        )


def _room(before: Tally, text: str, limit: int) -> int:
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
