"""What is answered, as it comes: six events, the grammar of their order, and the fold to a whole.

    reply := ReplyStarted  part*  ReplyEnded
    part  := PartStarted(index)  PartDelta(index)*  PartEnded(index)

UsageReported may stand anywhere between ReplyStarted and ReplyEnded, except inside a part. Parts
do not overlap, and their indexes count up from 0. The result of a search has no deltas.
"""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from ki2api.conversation import TextPart, ThinkingPart, ToolCallPart, WebPage

PartKind: TypeAlias = Literal["text", "thinking", "tool-call", "search-call", "search-result"]
EndReason: TypeAlias = Literal[
    "end", "tool-calls", "max-tokens", "context-full", "stop-sequence", "refusal"
]
UsageSource: TypeAlias = Literal["upstream", "derived", "estimate"]
SearchFault: TypeAlias = Literal[
    "", "too-many-requests", "too-many-searches", "query-too-long", "bad-input", "unavailable"
]


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one reply and where the figures come from (docs/kiro.md §4.7).

    `input` leaves out what the cache read and wrote; None means that nobody reported any.
    `credits` is what Kiro charged, `searches` how often the web was searched on the way. `thinking`
    is how much of the output were thoughts: our estimate, and None where no words of any came.
    """

    input: int
    output: int
    source: UsageSource
    cache_read: int | None = None
    cache_write: int | None = None
    credits: float | None = None
    context_percent: float | None = None
    searches: int = 0
    thinking: int | None = None

    @property
    def whole_input(self) -> int:
        """Every input token, cached or not."""
        return self.input + (self.cache_read or 0) + (self.cache_write or 0)


class SearchCallPart(msgspec.Struct, frozen=True, tag="search-call"):
    """A search of the web that the model wanted, and that is run for it; `input` is JSON text."""

    id: str
    name: str
    input: str


class SearchResultPart(msgspec.Struct, frozen=True, tag="search-result"):
    """The pages that a search found, or why it failed."""

    call_id: str
    pages: tuple[WebPage, ...] = ()
    fault: SearchFault = ""


class ReplyStarted(msgspec.Struct, frozen=True, gc=False):
    """The reply begins. `estimated_input` is a first guess of its input tokens."""

    estimated_input: int = 0


class PartStarted(msgspec.Struct, frozen=True, gc=False):
    """A part begins. A call brings its id and name; opaque thinking its `redacted` blob.

    The result of a search is whole here.
    """

    index: int
    kind: PartKind
    call_id: str = ""
    name: str = ""
    redacted: str = ""
    result: SearchResultPart | None = None


class PartDelta(msgspec.Struct, frozen=True, gc=False):
    """More of a part: words, thoughts, or a piece of a call's JSON text."""

    index: int
    text: str


class PartEnded(msgspec.Struct, frozen=True, gc=False):
    """A part is complete. Thinking may bring its signature, a text the pages that it rests on."""

    index: int
    signature: str = ""
    citations: tuple[WebPage, ...] = ()


class UsageReported(msgspec.Struct, frozen=True, gc=False):
    """What the reply cost; a later report replaces an earlier one."""

    usage: Usage


class ReplyEnded(msgspec.Struct, frozen=True, gc=False):
    """The reply is complete."""

    reason: EndReason
    stop_sequence: str | None = None


ReplyEvent: TypeAlias = (
    ReplyStarted | PartStarted | PartDelta | PartEnded | UsageReported | ReplyEnded
)
ReplyPart: TypeAlias = TextPart | ThinkingPart | ToolCallPart | SearchCallPart | SearchResultPart


class Reply(msgspec.Struct, frozen=True):
    """A whole answer."""

    parts: tuple[ReplyPart, ...]
    reason: EndReason
    usage: Usage
    stop_sequence: str | None = None


class GrammarError(Exception):
    """Events came in an order that the grammar does not know."""


class Grammar:
    """Checks the order of events; raises GrammarError at the first that is out of place."""

    _after: dict[str, dict[type[msgspec.Struct], str]] = {  # noqa: RUF012 - a constant table
        "before": {ReplyStarted: "between"},
        "between": {PartStarted: "inside", UsageReported: "between", ReplyEnded: "ended"},
        "inside": {PartDelta: "inside", PartEnded: "between"},
        "ended": {},
    }

    def __init__(self) -> None:
        self._state = "before"
        self._parts = 0

    def check(self, event: ReplyEvent) -> None:
        """Take one event."""
        state = self._after[self._state].get(type(event))
        if state is None:
            raise GrammarError(f"{event!r} may not stand here ({self._state})")
        match event:
            case PartStarted(index=index):
                if index != self._parts:
                    raise GrammarError(f"{event!r} should have index {self._parts}")
                self._parts += 1
            case PartDelta(index=index) | PartEnded(index=index):
                if index != self._parts - 1:
                    raise GrammarError(f"{event!r} should have index {self._parts - 1}")
            case _:
                pass
        self._state = state

    @property
    def ended(self) -> bool:
        """Whether the reply is complete."""
        return self._state == "ended"


def fold(events: Iterable[ReplyEvent]) -> Reply:
    """Make a whole reply of its events; they must be complete and in order."""
    grammar = Grammar()
    parts: list[ReplyPart] = []
    words: list[str] = []
    started = PartStarted(0, "text")
    usage = Usage(0, 0, "estimate")
    for event in events:
        grammar.check(event)
        match event:
            case PartStarted():
                started, words = event, []
            case PartDelta(text=text):
                words.append(text)
            case PartEnded():
                parts.append(_part(started, "".join(words), event))
            case UsageReported(usage=reported):
                usage = reported
            case ReplyEnded(reason=reason, stop_sequence=stop_sequence):
                return Reply(tuple(parts), reason, usage, stop_sequence)
            case _:
                usage = Usage(event.estimated_input, 0, "estimate")
    raise GrammarError("the events end before the reply does")


def _part(started: PartStarted, text: str, ended: PartEnded) -> ReplyPart:
    match started.kind:
        case "text":
            return TextPart(text, citations=ended.citations)
        case "thinking":
            return ThinkingPart(text, ended.signature, started.redacted)
        case "search-call":
            return SearchCallPart(started.call_id, started.name, text or "{}")
        case "search-result":
            return started.result or SearchResultPart(started.call_id)
        case _:
            return ToolCallPart(started.call_id, started.name, text or "{}")
