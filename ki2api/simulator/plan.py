"""How one request will be answered: the reply, and what happens to it on its way."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

from ki2api.simulator.answer import Answer, within
from ki2api.simulator.identifiers import Identifiers
from ki2api.simulator.options import Chunking
from ki2api.simulator.question import Question
from ki2api.simulator.records import Binding
from ki2api.simulator.stream import CallForm, Event, cost_of, in_fragments, reply, usage

Change: TypeAlias = Callable[[list[Event]], list[Event]]
Break: TypeAlias = Literal["end", "close", "reset", "half-close", "silence", "stale"]


class Instead(Struct, frozen=True):
    """A whole answer that is no stream at all."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Plan(Struct, kw_only=True):
    """The answer to one request; a scenario changes what it is about.

    `changes` are made to the events, `corrupt_at` turns over one byte of the stream, `break_at`
    ends it after so many bytes in the way of `break_by`. `instead` replaces the stream; with
    `unanswered` not even a status is sent.
    """

    question: Question
    answer: Answer
    ids: Identifiers
    binding: Binding
    chunking: Chunking
    piece_seconds: float
    scenario: str = ""
    call_form: CallForm = in_fragments
    changes: list[Change] = field(default_factory=list)
    usage: bool = True
    first_seconds: float = 0.0
    pause_after: int | None = None
    pause_seconds: float = 0.0
    corrupt_at: int | None = None
    break_at: int | None = None
    break_by: Break = "end"
    unanswered: bool = False
    instead: Instead | None = None

    def frames(self) -> list[bytes]:
        """Write the whole stream as it would go out undisturbed, but for a corrupted byte."""
        answer = within(self.answer, self.question.max_tokens)
        events = list(reply(self.question, answer, self.ids, self.call_form))
        if self.usage:
            events += usage(cost_of(self.question, answer))
        if answer is not self.answer:
            events.append(Event("metadataEvent", {"stopReason": "MAX_TOKENS"}))
        for change in self.changes:
            events = change(events)
        if self.binding == "json-1.0":
            events.insert(
                0, Event("initial-response", {"conversationId": self.question.conversation_id})
            )
        frames = [event.frame() for event in events]
        return frames if self.corrupt_at is None else _corrupted(frames, self.corrupt_at)


def _corrupted(frames: list[bytes], at: int) -> list[bytes]:
    whole = bytearray(b"".join(frames))
    whole[at % len(whole)] ^= 0xFF
    broken: list[bytes] = []
    for frame in frames:
        broken.append(bytes(whole[: len(frame)]))
        del whole[: len(frame)]
    return broken
