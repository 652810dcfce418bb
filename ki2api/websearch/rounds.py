"""Joins the rounds of one reply: parts count on, costs add up, marks become citations."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

from msgspec.structs import replace

from ki2api.conversation import ToolCallPart, WebPage
from ki2api.events import (
    EndReason,
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    SearchResultPart,
    Usage,
    UsageReported,
    UsageSource,
    fold,
)
from ki2api.websearch.marks import Marks, Opened, Piece

Count = TypeVar("Count", int, float)
_WEAKEST_FIRST: tuple[UsageSource, ...] = ("estimate", "derived", "upstream")


class Rounds:
    """One reply in the making. `name` is the search tool's; `pages` are those found before."""

    def __init__(self, name: str, pages: Iterable[WebPage]) -> None:
        self._name = name
        self._pages = {page.number: page for page in pages}
        self._index = 0
        self._is_open = False
        self._kind: Literal["text", "search", "other"] = "other"
        self._marks = Marks()
        self._citations: tuple[WebPage, ...] = ()
        self._began = False
        self._usage: Usage | None = None
        self._searches = 0
        self._round: list[ReplyEvent] = []

    @property
    def next_number(self) -> int:
        """The number of the next page that is found."""
        return max(self._pages, default=0) + 1

    def take(self, batch: Sequence[ReplyEvent]) -> tuple[ReplyEvent, ...]:
        """Take events of the present round; what ends it, and its cost, is kept back."""
        self._round += batch
        return tuple(shown for event in batch for shown in self._shown(event))

    def finish_round(self) -> Reply:
        """Return the present round as the model said it; raises GrammarError if it is not over."""
        said = fold(self._round)
        self._round = []
        self._usage = said.usage if self._usage is None else _sum(self._usage, said.usage)
        return said

    def call(self, call: ToolCallPart) -> tuple[ReplyEvent, ...]:
        """Put a search that is run now into the reply; its result comes next.

        One that is never run, since its round was cut short, is not shown.
        """
        index, self._index = self._index, self._index + 1
        started = PartStarted(index, "search-call", call.id, call.name)
        return started, PartDelta(index, call.input), PartEnded(index)

    def result(self, found: SearchResultPart) -> tuple[ReplyEvent, ...]:
        """Put the result of a search into the reply."""
        self._searches += not found.fault
        self._pages |= {page.number: page for page in found.pages}
        index, self._index = self._index, self._index + 1
        started = PartStarted(index, "search-result", found.call_id, result=found)
        return started, PartEnded(index)

    def end(self, reason: EndReason, stop_sequence: str | None) -> tuple[ReplyEvent, ...]:
        """End the reply with what all rounds cost together."""
        usage = replace(self._usage or Usage(0, 0, "estimate"), searches=self._searches)
        return UsageReported(usage), ReplyEnded(reason, stop_sequence)

    def _shown(self, event: ReplyEvent) -> list[ReplyEvent]:
        match event:
            case PartStarted():
                return self._started(event)
            case PartDelta():
                return self._more(event)
            case PartEnded():
                return self._ended(event)
            case ReplyStarted() if not self._began:
                self._began = True
                return [event]
            case _:
                return []

    def _started(self, event: PartStarted) -> list[ReplyEvent]:
        if event.kind == "text":
            # Its parts begin with their first words, as a mark may stand before any.
            self._kind, self._marks, self._citations = "text", Marks(), ()
            return []
        is_search = event.kind == "tool-call" and event.name == self._name
        self._kind = "search" if is_search else "other"
        return [] if is_search else [replace(event, index=self._index)]

    def _more(self, delta: PartDelta) -> list[ReplyEvent]:
        if self._kind == "text":
            return self._written(self._marks.feed(delta.text))
        return [] if self._kind == "search" else [replace(delta, index=self._index)]

    def _ended(self, event: PartEnded) -> list[ReplyEvent]:
        if self._kind == "search":
            return []
        if self._kind == "text":
            return [*self._written(self._marks.finish()), *self._close()]
        index, self._index = self._index, self._index + 1
        return [replace(event, index=index)]

    def _written(self, pieces: list[Piece]) -> list[ReplyEvent]:
        out: list[ReplyEvent] = []
        for piece in pieces:
            if isinstance(piece, str):
                if not self._is_open:
                    self._is_open = True
                    out.append(PartStarted(self._index, "text"))
                out.append(PartDelta(self._index, piece))
                continue
            out += self._close()
            numbers = piece.numbers if isinstance(piece, Opened) else ()
            self._citations = tuple(
                self._pages[number] for number in numbers if number in self._pages
            )
        return out

    def _close(self) -> list[ReplyEvent]:
        if not self._is_open:
            return []
        self._is_open = False
        index, self._index = self._index, self._index + 1
        return [PartEnded(index, citations=self._citations)]


def _sum(some: Usage, more: Usage) -> Usage:
    """Add up what two rounds cost; the weaker source of figures is that of the sum."""
    return Usage(
        some.input + more.input,
        some.output + more.output,
        min(some.source, more.source, key=_WEAKEST_FIRST.index),
        _added(some.cache_read, more.cache_read),
        _added(some.cache_write, more.cache_write),
        _added(some.credits, more.credits),
        some.context_percent if more.context_percent is None else more.context_percent,
        thinking=_added(some.thinking, more.thinking),
    )


def _added(some: Count | None, more: Count | None) -> Count | None:
    if some is None or more is None:
        return more if some is None else some
    return some + more
