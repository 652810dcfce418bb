"""Replies in the form of Chat Completions, as server-sent events or whole."""

from collections.abc import Mapping
from typing import Any

from ki2api.conversation import Conversation, TextPart, ThinkingPart, ToolCallPart
from ki2api.errors import GatewayError
from ki2api.events import (
    EndReason,
    PartEnded,
    PartKind,
    PartStarted,
    Reply,
    ReplyStarted,
    SearchCallPart,
    SearchResultPart,
    Usage,
    UsageReported,
)
from ki2api.protocols import Delivery
from ki2api.protocols.citing import links
from ki2api.protocols.openai_errors import encode_error_object
from ki2api.protocols.sse import frame
from ki2api.protocols.usage import FIELD, facts
from ki2api.protocols.writing import Border, Writer, encode

FINISH_REASONS: Mapping[EndReason, str] = {
    "end": "stop",
    "tool-calls": "tool_calls",
    "max-tokens": "length",
    "context-full": "length",
    "stop-sequence": "stop",
    "refusal": "content_filter",
}
DONE = frame(b"[DONE]")
_UNSEEN: frozenset[PartKind] = frozenset({"search-call", "search-result"})
"""Chat Completions shows no searches, only what they led to."""
_APART = "\n\n"


class OpenAIChatEncoder(Writer):
    """One reply on its way to a client of Chat Completions."""

    def __init__(
        self,
        conversation: Conversation,  # noqa: ARG002 - given to every dialect, this one repeats nothing
        delivery: Delivery,
    ) -> None:
        super().__init__()
        self._delivery = delivery
        self._usage = Usage(0, 0, "estimate")
        self._opening = self._closing = b""
        self._calls = 0
        self._written = 0
        self._apart = False
        self._annotations: list[dict[str, Any]] = []
        self._kind: PartKind = "text"

    def fail(self, error: GatewayError) -> bytes:
        """Write the in-stream error; neither a finish_reason nor [DONE] follows."""
        return frame(encode_error_object(error))

    def whole(self, reply: Reply) -> bytes:
        """Write the completion object."""
        choice = {
            "index": 0,
            "message": _message(reply),
            "logprobs": None,
            "finish_reason": FINISH_REASONS[reply.reason],
        }
        facts = self._facts("chat.completion")
        return encode({**facts, "choices": [choice], "usage": _usage(reply.usage)})

    def _border(self, event: Border) -> bytes:
        match event:
            case ReplyStarted(estimated_input=estimated):
                self._usage = Usage(estimated, 0, "estimate")
                return self._chunk({"role": "assistant", "content": ""})
            case PartStarted():
                return self._part_started(event)
            case PartEnded():
                return self._part_ended(event)
            case UsageReported(usage=usage):
                self._usage = usage
                return b""
            case _:
                return self._ended(event.reason)

    def _part_started(self, event: PartStarted) -> bytes:
        self._kind = event.kind
        if event.kind in _UNSEEN:
            self._hide()
            self._apart = bool(self._written)
            return b""
        if event.kind != "tool-call":
            field = "content" if event.kind == "text" else "reasoning_content"
            self._expect(self._chunk({field: ""}))
            return self._new_paragraph() if event.kind == "text" and self._apart else b""
        hollow = {"index": self._calls, "function": {"arguments": ""}}
        self._expect(self._chunk({"tool_calls": [hollow]}))
        call = {
            "index": self._calls,
            "id": event.call_id,
            "type": "function",
            "function": {"name": event.name, "arguments": ""},
        }
        self._calls += 1
        return self._chunk({"tool_calls": [call]})

    def _part_ended(self, event: PartEnded) -> bytes:
        """Give a call without arguments the empty object: clients parse them, and "" is no JSON."""
        if self._kind == "tool-call" and self._silent:
            return self._before + encode("{}") + self._after
        if self._kind == "text":
            self._written += self._length
            return self._cited(event) if event.citations else b""
        return b""

    def _new_paragraph(self) -> bytes:
        """Set words after a search apart from those before, as it is not shown itself."""
        self._apart = False
        self._written += len(_APART)
        return self._chunk({"content": _APART})

    def _cited(self, event: PartEnded) -> bytes:
        text, notes = links(event.citations, self._written)
        self._written += len(text)
        self._annotations += map(_annotation, notes)
        return self._chunk({"content": text})

    def _ended(self, reason: EndReason) -> bytes:
        # In one chunk: the official SDK cannot add up lists whose entries have no index.
        cited = self._chunk({"annotations": self._annotations}) if self._annotations else b""
        last = cited + self._chunk({}, FINISH_REASONS[reason])
        if self._delivery.include_usage:
            facts = self._facts("chat.completion.chunk")
            last += frame(encode({**facts, "choices": [], "usage": _usage(self._usage)}))
        return last + DONE

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        if not self._opening:
            self._open()
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return self._opening + encode(choice) + self._closing

    def _open(self) -> None:
        """Write what all chunks repeat around their choice."""
        chunk = {**self._facts("chat.completion.chunk"), "choices": []}
        if self._delivery.include_usage:
            chunk["usage"] = None
        opening, _, closing = frame(encode(chunk)).rpartition(b"[]")
        self._opening, self._closing = opening + b"[", b"]" + closing

    def _facts(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self._delivery.id}",
            "object": kind,
            "created": self._delivery.created,
            "model": self._delivery.model,
        }


def _message(reply: Reply) -> dict[str, Any]:
    """Make the message: its texts are one, since Chat Completions knows no parts."""
    text, annotations = _text(reply)
    thoughts = [part.text for part in reply.parts if isinstance(part, ThinkingPart)]
    calls = [_call(part) for part in reply.parts if isinstance(part, ToolCallPart)]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if calls and not text else text,
        "refusal": None,
    }
    if annotations:
        message["annotations"] = annotations
    if any(thoughts):
        message["reasoning_content"] = "".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    return message


def _text(reply: Reply) -> tuple[str, list[dict[str, Any]]]:
    text = ""
    annotations: list[dict[str, Any]] = []
    apart = ""
    for part in reply.parts:
        if isinstance(part, SearchCallPart | SearchResultPart):
            apart = _APART if text else ""
        elif isinstance(part, TextPart):
            text += apart + part.text
            apart = ""
            linked, notes = links(part.citations, len(text))
            text += linked
            annotations += map(_annotation, notes)
    return text, annotations


def _annotation(note: dict[str, Any]) -> dict[str, Any]:
    return {"type": "url_citation", "url_citation": note}


def _call(part: ToolCallPart) -> dict[str, Any]:
    function = {"name": part.name, "arguments": part.input}
    return {"id": part.id, "type": "function", "function": function}


def _usage(usage: Usage) -> dict[str, Any]:
    """Give the figures that somebody reported, and no others."""
    figures: dict[str, Any] = {
        "prompt_tokens": usage.whole_input,
        "completion_tokens": usage.output,
        "total_tokens": usage.whole_input + usage.output,
    }
    cache: dict[str, int] = {}
    if usage.cache_read is not None:
        cache["cached_tokens"] = usage.cache_read
    if usage.cache_write is not None:
        cache["cache_write_tokens"] = usage.cache_write
    if cache:
        figures["prompt_tokens_details"] = cache
    if usage.thinking is not None:
        figures["completion_tokens_details"] = {"reasoning_tokens": usage.thinking}
    figures[FIELD] = facts(usage)
    return figures
