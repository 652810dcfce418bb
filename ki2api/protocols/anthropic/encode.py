"""Replies in the form of the Messages API, as server-sent events or whole."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from ki2api.conversation import Conversation, TextPart, ThinkingPart, ToolCallPart
from ki2api.errors import GatewayError
from ki2api.events import (
    EndReason,
    PartEnded,
    PartKind,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyPart,
    ReplyStarted,
    SearchCallPart,
    SearchResultPart,
    Usage,
    UsageReported,
)
from ki2api.protocols import Delivery
from ki2api.protocols.anthropic.errors import error_object
from ki2api.protocols.anthropic.searching import citation, search_block, server_id
from ki2api.protocols.sse import frame
from ki2api.protocols.usage import FIELD, facts
from ki2api.protocols.writing import Border, Writer, encode

STOP_REASONS: Mapping[EndReason, str] = {
    "end": "end_turn",
    "tool-calls": "tool_use",
    "max-tokens": "max_tokens",
    "context-full": "model_context_window_exceeded",
    "stop-sequence": "stop_sequence",
    "refusal": "refusal",
}
PING = frame(b'{"type":"ping"}', b"ping")

_PLACES = 256
# What each kind of part's deltas are called, and their one field.
_DELTAS: Mapping[PartKind, tuple[str, str]] = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool-call": ("input_json_delta", "partial_json"),
    "search-call": ("input_json_delta", "partial_json"),
}


class AnthropicEncoder(Writer):
    """One reply on its way to a client of the Messages API."""

    def __init__(
        self,
        conversation: Conversation,  # noqa: ARG002 - given to every dialect, this one repeats nothing
        delivery: Delivery,
    ) -> None:
        super().__init__()
        self._delivery = delivery
        self._usage = Usage(0, 0, "estimate")

    def fail(self, error: GatewayError) -> bytes:
        """Write the in-stream error."""
        return frame(encode(error_object(error)), b"error")

    def whole(self, reply: Reply) -> bytes:
        """Write the message object."""
        return encode(
            self._message(
                content=[_block(part) for part in reply.parts if not _is_broken_off(part, reply)],
                stop_reason=STOP_REASONS[reply.reason],
                stop_sequence=reply.stop_sequence,
                usage=_usage(reply.usage),
            )
        )

    def _border(self, event: Border) -> bytes:
        match event:
            case ReplyStarted(estimated_input=estimated):
                return self._started(estimated)
            case PartStarted():
                return self._part_started(event)
            case PartEnded():
                return _part_ended(event)
            case UsageReported(usage=usage):
                self._usage = usage
                return b""
            case _:
                return self._ended(event)

    def _started(self, estimated: int) -> bytes:
        self._usage = Usage(estimated, 0, "estimate")
        message = self._message(
            content=[], stop_reason=None, stop_sequence=None, usage=_figures(self._usage)
        )
        return _event("message_start", message=message)

    def _part_started(self, event: PartStarted) -> bytes:
        if event.result is not None:
            block = search_block(event.result)
            return _event("content_block_start", index=event.index, content_block=block)
        self._expect(_hollow(event.kind, event.index))
        return _event("content_block_start", index=event.index, content_block=_opening(event))

    def _ended(self, event: ReplyEnded) -> bytes:
        ends = {
            "stop_reason": STOP_REASONS[event.reason],
            "stop_sequence": event.stop_sequence,
        }
        return _event("message_delta", delta=ends, usage=_usage(self._usage)) + _STOP

    def _message(self, **rest: Any) -> dict[str, Any]:
        return {
            "id": f"msg_{self._delivery.id}",
            "type": "message",
            "role": "assistant",
            "model": self._delivery.model,
            **rest,
        }


def _event(kind: str, **fields: Any) -> bytes:
    """Write one event; Anthropic says its name twice."""
    return frame(encode({"type": kind, **fields}), kind.encode())


_STOP = _event("message_stop")


# Replies have few parts, and what says no more than their places is the same in all replies.
@lru_cache(maxsize=_PLACES)
def _hollow(kind: PartKind, index: int) -> bytes:
    """Write a delta without its text."""
    delta, field = _DELTAS[kind]
    return _event("content_block_delta", index=index, delta={"type": delta, field: ""})


@lru_cache(maxsize=_PLACES)
def _stopped(index: int) -> bytes:
    return _event("content_block_stop", index=index)


def _opening(event: PartStarted) -> dict[str, Any]:
    """Make the block that a part opens with; its deltas fill it."""
    match event:
        case PartStarted(kind="text"):
            return {"type": "text", "text": ""}
        case PartStarted(kind="tool-call", call_id=call_id, name=name):
            return {"type": "tool_use", "id": call_id, "name": name, "input": {}}
        case PartStarted(kind="search-call", call_id=call_id, name=name):
            return {"type": "server_tool_use", "id": server_id(call_id), "name": name, "input": {}}
        case PartStarted(redacted=""):
            return {"type": "thinking", "thinking": "", "signature": ""}
        case _:
            return {"type": "redacted_thinking", "data": event.redacted}


def _part_ended(event: PartEnded) -> bytes:
    deltas = [{"type": "citations_delta", "citation": citation(page)} for page in event.citations]
    if event.signature:
        deltas.append({"type": "signature_delta", "signature": event.signature})
    last = [_event("content_block_delta", index=event.index, delta=delta) for delta in deltas]
    return b"".join([*last, _stopped(event.index)])


def _is_broken_off(part: ReplyPart, reply: Reply) -> bool:
    """Tell whether a limit cut through a call: its input is no JSON then, and has no place here."""
    if reply.reason != "max-tokens" or not isinstance(part, ToolCallPart | SearchCallPart):
        return False
    try:
        msgspec.json.decode(part.input)
    except msgspec.DecodeError:
        return True
    return False


def _block(part: ReplyPart) -> dict[str, Any]:
    """Make a complete block."""
    match part:
        case TextPart(text=text, citations=()):
            return {"type": "text", "text": text}
        case TextPart(text=text, citations=pages):
            return {"type": "text", "text": text, "citations": [citation(page) for page in pages]}
        case ToolCallPart(id=call_id, name=name, input=text):
            arguments = msgspec.Raw(text.encode())
            return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}
        case SearchCallPart() | SearchResultPart():
            return search_block(part)
        case ThinkingPart(text=text, signature=signature, redacted=""):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case _:
            return {"type": "redacted_thinking", "data": part.redacted}


def _usage(usage: Usage) -> dict[str, Any]:
    """Give the final figures. The first ones come without our facts, which SDKs would keep."""
    return {**_figures(usage), FIELD: facts(usage)}


def _figures(usage: Usage) -> dict[str, Any]:
    """Give the figures that somebody reported, and no others."""
    figures: dict[str, Any] = {"input_tokens": usage.input, "output_tokens": usage.output}
    if usage.cache_write is not None:
        figures["cache_creation_input_tokens"] = usage.cache_write
    if usage.cache_read is not None:
        figures["cache_read_input_tokens"] = usage.cache_read
    if usage.searches:
        searches = {"web_search_requests": usage.searches, "web_fetch_requests": 0}
        figures["server_tool_use"] = searches
    if usage.thinking is not None:
        figures["output_tokens_details"] = {"thinking_tokens": usage.thinking}
    return figures
