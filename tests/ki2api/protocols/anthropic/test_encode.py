"""Replies in the form of the Messages API."""

from typing import Any

import msgspec
import pytest

from ki2api.conversation import Conversation, TextPart, ThinkingPart, ToolCallPart
from ki2api.errors import ModelOverloaded
from ki2api.events import (
    EndReason,
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyStarted,
    SearchCallPart,
    Usage,
    UsageReported,
)
from ki2api.protocols import Delivery, Encoder
from ki2api.protocols.anthropic import ANTHROPIC

USAGE = Usage(5, 7, "derived")


@pytest.fixture
def encoder() -> Encoder:
    return ANTHROPIC.encoder(Conversation("m", ()), Delivery("f10e", "m", 1_790_000_000))


def events(written: bytes) -> list[Any]:
    frames = written.decode().removesuffix("\n\n").split("\n\n")
    return [msgspec.json.decode(frame.partition("data: ")[2]) for frame in frames]


def test_a_message_starts_with_an_estimate_of_its_input(encoder: Encoder) -> None:
    (start,) = events(encoder.feed([ReplyStarted(12)]))
    assert start["message"]["id"] == "msg_f10e"
    assert start["message"]["usage"] == {"input_tokens": 12, "output_tokens": 0}


def test_without_a_report_the_estimate_stays(encoder: Encoder) -> None:
    delta = events(encoder.feed([ReplyStarted(12), ReplyEnded("end")]))[1]
    assert delta["usage"] == {
        "input_tokens": 12,
        "output_tokens": 0,
        "ki2api": {"source": "estimate"},
    }


def test_the_last_report_counts_with_the_cache_figures_it_has(encoder: Encoder) -> None:
    reports = [UsageReported(USAGE), UsageReported(Usage(5, 8, "upstream", None, 3))]
    delta = events(encoder.feed([ReplyStarted(), *reports, ReplyEnded("end")]))[1]
    assert delta["usage"] == {
        "input_tokens": 5,
        "output_tokens": 8,
        "cache_creation_input_tokens": 3,
        "ki2api": {"source": "upstream"},
    }


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("end", "end_turn"),
        ("tool-calls", "tool_use"),
        ("max-tokens", "max_tokens"),
        ("context-full", "model_context_window_exceeded"),
        ("stop-sequence", "stop_sequence"),
        ("refusal", "refusal"),
    ],
)
def test_each_reason_has_its_word(encoder: Encoder, reason: EndReason, said: str) -> None:
    assert events(encoder.feed([ReplyEnded(reason)]))[0]["delta"]["stop_reason"] == said


def test_a_part_opens_as_the_block_that_its_deltas_fill(encoder: Encoder) -> None:
    start, delta, stop = events(
        encoder.feed([PartStarted(0, "text"), PartDelta(0, "hi"), PartEnded(0)])
    )
    assert start["content_block"] == {"type": "text", "text": ""}
    assert delta["delta"] == {"type": "text_delta", "text": "hi"}
    assert stop == {"type": "content_block_stop", "index": 0}


def test_a_call_opens_with_its_name_and_no_input(encoder: Encoder) -> None:
    start, delta = events(
        encoder.feed([PartStarted(0, "tool-call", "t1", "ls"), PartDelta(0, '{"a":')])
    )
    assert start["content_block"] == {"type": "tool_use", "id": "t1", "name": "ls", "input": {}}
    assert delta["delta"] == {"type": "input_json_delta", "partial_json": '{"a":'}


def test_thinking_ends_with_its_signature(encoder: Encoder) -> None:
    written = encoder.feed([PartStarted(0, "thinking"), PartDelta(0, "hm"), PartEnded(0, "sig")])
    assert [event.get("delta") for event in events(written)] == [
        None,
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "sig"},
        None,
    ]


def test_opaque_thinking_comes_whole(encoder: Encoder) -> None:
    start, stop = events(encoder.feed([PartStarted(0, "thinking", redacted="xyz"), PartEnded(0)]))
    assert start["content_block"] == {"type": "redacted_thinking", "data": "xyz"}
    assert stop == {"type": "content_block_stop", "index": 0}


def test_a_failure_is_an_event_of_its_own(encoder: Encoder) -> None:
    assert encoder.fail(ModelOverloaded("busy")) == (
        b'event: error\ndata: {"type":"error","error":'
        b'{"type":"overloaded_error","message":"busy"}}\n\n'
    )


def test_a_whole_message_holds_every_part(encoder: Encoder) -> None:
    parts = (
        ThinkingPart("hm", "sig"),
        ThinkingPart(redacted="xyz"),
        TextPart("hi"),
        ToolCallPart("t1", "ls", '{"a":1.0}'),
    )
    message = msgspec.json.decode(encoder.whole(Reply(parts, "tool-calls", USAGE)))
    assert message == {
        "id": "msg_f10e",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "xyz"},
            {"type": "text", "text": "hi"},
            {"type": "tool_use", "id": "t1", "name": "ls", "input": {"a": 1.0}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 7, "ki2api": {"source": "derived"}},
    }


def test_a_ping_is_an_event_of_its_own() -> None:
    assert ANTHROPIC.ping == b'event: ping\ndata: {"type":"ping"}\n\n'


@pytest.mark.parametrize(
    ("reason", "arguments", "kept"),
    [("max-tokens", '{"a":', False), ("max-tokens", '{"a":1}', True), ("tool-calls", "{}", True)],
)
def test_a_call_that_a_limit_cut_has_no_place_in_a_whole_message(
    encoder: Encoder, reason: EndReason, arguments: str, *, kept: bool
) -> None:
    for kind, call in (
        ("tool_use", ToolCallPart("t1", "ls", arguments)),
        ("server_tool_use", SearchCallPart("t1", "web_search", arguments)),
    ):
        reply = Reply((TextPart("I look"), call), reason, Usage(1, 2, "estimate"))
        message = msgspec.json.decode(encoder.whole(reply))
        assert [block["type"] for block in message["content"]] == ["text", kind][: 1 + kept]
