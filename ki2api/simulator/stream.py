"""The reply as events in the order of the real service, and as frames (docs/kiro.md §4)."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from ki2api.kiro.framing import encode
from ki2api.simulator.answer import Answer, Call
from ki2api.simulator.identifiers import Identifiers
from ki2api.simulator.options import Chunking
from ki2api.simulator.question import Question, tokens_in
from ki2api.simulator.rules.reasoning import signature_of

_LONGEST_DELTA = 30
_LONGEST_FRAGMENT = 12
_CREDITS_PER_TOKEN = 2.5e-6
_LONGEST_CHUNK = 700


class Event(Struct, frozen=True):
    """One frame to be: an event by its name, unless `kind` makes it an exception or an error."""

    name: str
    payload: Any
    kind: str = "event"

    def frame(self) -> bytes:
        """Write the frame."""
        if self.kind == "error":
            headers = {":error-code": self.name, ":error-message": str(self.payload)}
            return encode({**headers, ":message-type": "error"}, b"")
        headers = {f":{self.kind}-type": self.name, ":content-type": "application/json"}
        body = (
            self.payload if isinstance(self.payload, bytes) else msgspec.json.encode(self.payload)
        )
        return encode({**headers, ":message-type": self.kind}, body)


CallForm: TypeAlias = Callable[[Call, Identifiers], Iterator[Event]]


def in_fragments(call: Call, ids: Identifiers) -> Iterator[Event]:
    """Stream a call as the service does: its name, pieces of its JSON text, its stop."""
    tool_use = {"name": call.name, "toolUseId": ids.tool_use()}
    yield Event("toolUseEvent", tool_use)
    for fragment in cut(json_text(call), _LONGEST_FRAGMENT, ids.random):
        yield Event("toolUseEvent", {"input": fragment, **tool_use})
    yield Event("toolUseEvent", {**tool_use, "stop": True})


def json_text(call: Call) -> str:
    """Write a call's arguments as the model does."""
    return msgspec.json.format(msgspec.json.encode(call.arguments), indent=0).decode()


def cut(text: str, longest: int, random: Random) -> Iterator[str]:
    """Cut a text into pieces of random length."""
    at = 0
    while at < len(text):
        size = random.randint(1, longest)
        yield text[at : at + size]
        at += size


def words(question: Question, text: str, ids: Identifiers) -> Iterator[Event]:
    """Stream a text as deltas."""
    for delta in cut(text, _LONGEST_DELTA, ids.random):
        yield Event("assistantResponseEvent", {"content": delta, "modelId": question.model.id})


def reply(
    question: Question, answer: Answer, ids: Identifiers, call_form: CallForm
) -> Iterator[Event]:
    """Give the events between the stream's head and its usage."""
    metadata = {"conversationId": question.conversation_id, "utteranceId": ids.uuid()}
    yield Event("messageMetadataEvent", metadata)
    text = answer.text
    if question.thinking == "tags" and answer.thoughts:
        text = f"<thinking>{answer.thoughts}</thinking>\n\n{text}"
    if question.thinking in {"events", "signature-only"} and answer.thoughts:
        yield from _thoughts(question, answer.thoughts, ids)
    yield from words(question, text, ids)
    for call in answer.calls:
        yield from call_form(call, ids)
    if question.thinking == "redacted" and answer.thoughts:
        # OCX: GPT-5.6 sends its thoughts as one late blob and never as words.
        blob = b64encode(ids.random.randbytes(48)).decode()
        yield Event("reasoningContentEvent", {"redactedContent": blob})


def _thoughts(question: Question, thoughts: str, ids: Identifiers) -> Iterator[Event]:
    shown = thoughts if question.thinking == "events" else ""
    for delta in cut(shown, _LONGEST_DELTA, ids.random):
        yield Event("reasoningContentEvent", {"text": delta})
    signature = signature_of(question.model.id, shown)
    yield Event("reasoningContentEvent", {"signature": signature})


class Cost(Struct, frozen=True):
    """What a reply takes: its share of the model's window, and credits."""

    input: int
    output: int
    percent: float
    credits: float


def cost_of(question: Question, answer: Answer) -> Cost:
    """Estimate the cost of a reply from its size."""
    spoken = answer.thoughts + answer.text + "".join(json_text(call) for call in answer.calls)
    output = tokens_in(spoken)
    total = question.tokens + output
    percent = min(100.0, round(100 * total / question.model.window, 4))
    return Cost(question.tokens, output, percent, question.model.rate * total * _CREDITS_PER_TOKEN)


def usage(cost: Cost) -> Iterator[Event]:
    """Give the events that end a stream."""
    yield Event("contextUsageEvent", {"contextUsagePercentage": cost.percent})
    yield Event("meteringEvent", {"unit": "credit", "unitPlural": "credits", "usage": cost.credits})


def pieces(frames: list[bytes], chunking: Chunking, random: Random) -> Iterator[bytes]:
    """Cut a stream into the pieces in which it is sent; borders may fall anywhere."""
    if chunking == "frames":
        yield from frames
        return
    whole = b"".join(frames)
    at = 0
    while at < len(whole):
        size = {"bytes": 1, "whole": len(whole)}.get(chunking) or random.randint(1, _LONGEST_CHUNK)
        yield whole[at : at + size]
        at += size
