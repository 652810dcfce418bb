"""What the stub answers, built once: Kiro's frames, and the streams of OpenAI and Anthropic.

The last two are for the relay, which passes bytes on, and for peers with other upstreams.
"""

from collections.abc import Callable
from struct import Struct as Layout
from typing import Any
from zlib import crc32

import msgspec

from ki2api.kiro.framing import encode
from tests.bench.loads import Unit

STAMP = b"0" * 16
"""Where the moment of sending stands in a frame, in microseconds of the monotonic clock."""
_CALL = {"name": "write_file", "toolUseId": "tooluse_bench0000000000000001"}
_MODEL = "claude-sonnet-4.5"
_json = msgspec.json.encode
_CHECKSUM = Layout(">I").pack


class Shape(msgspec.Struct, frozen=True):
    """An answer as pieces: what comes first, one frame for each delta, and what comes last."""

    media: bytes
    opening: bytes
    delta: Callable[[int, int], bytes]
    """Gives the delta of a number, out of so many."""
    closing: bytes
    sealed: Callable[[bytes], bytes] = bytes
    """Makes a delta whole again after its stamp was set."""


def chunk(data: bytes) -> bytes:
    """Write a chunk of HTTP's chunked coding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def _text(number: int) -> str:
    """Give the words of a delta: none like the one before, since some gateways drop such."""
    return f" word{number % 1000:03}~{STAMP.decode()}"


def _words(count: int) -> str:
    return "".join(map(_text, range(count)))


def _fragment(number: int, total: int) -> str:
    """Give a piece of the JSON text of a call's arguments, each with one mark."""
    before = '{"path": "notes.txt", "text": "' if number == 0 else ""
    after = '"}' if number == total - 1 else ""
    return before + _text(number) + after


# Kiro


def _kiro(name: str, payload: Any) -> bytes:
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return encode(headers, _json(payload))


def _kiro_text(number: int, _total: int) -> bytes:
    return _kiro("assistantResponseEvent", {"content": _text(number), "modelId": _MODEL})


def _kiro_fragment(number: int, total: int) -> bytes:
    return _kiro("toolUseEvent", {"input": _fragment(number, total), **_CALL})


def _kiro_sealed(frame: bytes) -> bytes:
    whole = frame[:-4]
    return whole + _CHECKSUM(crc32(whole))


_KIRO_OPENING = _kiro("messageMetadataEvent", {"conversationId": "c", "utteranceId": "u"})
_KIRO_CLOSING = _kiro("contextUsageEvent", {"contextUsagePercentage": 2.5}) + _kiro(
    "meteringEvent", {"unit": "credit", "unitPlural": "credits", "usage": 0.01}
)


def kiro(unit: Unit) -> Shape:
    """An answer of generateAssistantResponse."""
    media = b"application/vnd.amazon.eventstream"
    if unit == "text":
        return Shape(media, _KIRO_OPENING, _kiro_text, _KIRO_CLOSING, _kiro_sealed)
    begun, stopped = _kiro("toolUseEvent", _CALL), _kiro("toolUseEvent", {**_CALL, "stop": True})
    return Shape(
        media, _KIRO_OPENING + begun, _kiro_fragment, stopped + _KIRO_CLOSING, _kiro_sealed
    )


# OpenAI


def _sse(data: Any, event: str = "") -> bytes:
    named = f"event: {event}\n".encode() if event else b""
    return named + b"data: " + _json(data) + b"\n\n"


def _openai(delta: Any, finish: str | None = None) -> bytes:
    return _sse(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": _MODEL,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
    )


def openai(unit: Unit) -> Shape:
    """A stream of Chat Completions."""
    media, done = b"text/event-stream", b"data: [DONE]\n\n"
    opening = _openai({"role": "assistant", "content": ""})
    if unit == "text":
        return Shape(
            media,
            opening,
            lambda number, _total: _openai({"content": _text(number)}),
            _openai({}, "stop") + done,
        )
    function = {"name": _CALL["name"], "arguments": ""}
    call = {"index": 0, "id": _CALL["toolUseId"], "type": "function", "function": function}

    def fragment(number: int, total: int) -> bytes:
        arguments = {"arguments": _fragment(number, total)}
        return _openai({"tool_calls": [{"index": 0, "function": arguments}]})

    return Shape(
        media,
        opening + _openai({"tool_calls": [call]}),
        fragment,
        _openai({}, "tool_calls") + done,
    )


def openai_whole(frames: int, unit: Unit) -> bytes:
    """A whole completion with the same marks."""
    message: dict[str, Any] = {"role": "assistant", "content": _words(frames)}
    if unit == "tool":
        arguments = "".join(_fragment(number, frames) for number in range(frames))
        function = {"name": _CALL["name"], "arguments": arguments}
        calls = [{"id": _CALL["toolUseId"], "type": "function", "function": function}]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
    return _json(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": _MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": frames, "total_tokens": 10},
        }
    )


# Anthropic


def _anthropic(kind: str, **fields: Any) -> bytes:
    return _sse({"type": kind, **fields}, kind)


def anthropic(unit: Unit) -> Shape:
    """A stream of Messages."""
    usage = {"input_tokens": 10, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_bench",
        "type": "message",
        "role": "assistant",
        "model": _MODEL,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    block: dict[str, Any] = {"type": "text", "text": ""}
    if unit == "tool":
        block = {
            "type": "tool_use",
            "id": _CALL["toolUseId"],
            "name": _CALL["name"],
            "input": {},
        }

    def delta(number: int, total: int) -> bytes:
        said: dict[str, Any] = {"type": "text_delta", "text": _text(number)}
        if unit == "tool":
            said = {"type": "input_json_delta", "partial_json": _fragment(number, total)}
        return _anthropic("content_block_delta", index=0, delta=said)

    ended = {"stop_reason": "end_turn" if unit == "text" else "tool_use", "stop_sequence": None}
    return Shape(
        b"text/event-stream",
        _anthropic("message_start", message=message)
        + _anthropic("content_block_start", index=0, content_block=block),
        delta,
        _anthropic("content_block_stop", index=0)
        + _anthropic("message_delta", delta=ended, usage=usage)
        + _anthropic("message_stop"),
    )


def anthropic_whole(frames: int, _unit: Unit) -> bytes:
    """A whole message with the same marks."""
    return _json(
        {
            "id": "msg_bench",
            "type": "message",
            "role": "assistant",
            "model": _MODEL,
            "content": [{"type": "text", "text": _words(frames)}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 10, "output_tokens": frames},
        }
    )
