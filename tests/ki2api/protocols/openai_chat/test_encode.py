"""Replies in the form of Chat Completions."""

from typing import Any

import msgspec
import pytest

from ki2api.conversation import Conversation, TextPart, ThinkingPart, ToolCallPart, WebPage
from ki2api.errors import ModelOverloaded
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
    fold,
)
from ki2api.protocols import Delivery, Encoder
from ki2api.protocols.openai_chat import OPENAI_CHAT

USAGE = Usage(5, 7, "derived")


def encoder(*, include_usage: bool = False) -> Encoder:
    delivery = Delivery("f10e", "m", 1_790_000_000, stream=True, include_usage=include_usage)
    return OPENAI_CHAT.encoder(Conversation("m", ()), delivery)


def chunks(written: bytes) -> list[Any]:
    frames = written.decode().removesuffix("data: [DONE]\n\n").removesuffix("\n\n").split("\n\n")
    return [msgspec.json.decode(frame.removeprefix("data: ")) for frame in frames]


def deltas(events: list[ReplyEvent]) -> list[Any]:
    return [chunk["choices"][0]["delta"] for chunk in chunks(encoder().feed(events))]


def test_the_first_chunk_says_who_speaks() -> None:
    assert chunks(encoder().feed([ReplyStarted()])) == [
        {
            "id": "chatcmpl-f10e",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "delta": {"role": "assistant", "content": ""},
                    "finish_reason": None,
                }
            ],
        }
    ]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("end", "stop"),
        ("tool-calls", "tool_calls"),
        ("max-tokens", "length"),
        ("context-full", "length"),
        ("stop-sequence", "stop"),
        ("refusal", "content_filter"),
    ],
)
def test_each_reason_has_its_word(reason: EndReason, said: str) -> None:
    written = encoder().feed([ReplyEnded(reason)])
    assert written.endswith(b"data: [DONE]\n\n")
    assert chunks(written)[0]["choices"][0]["finish_reason"] == said


def test_the_usage_comes_last_and_holds_what_was_reported() -> None:
    reported = UsageReported(Usage(5, 7, "upstream", 3, 2))
    written = encoder(include_usage=True).feed([ReplyStarted(9), reported, ReplyEnded("end")])
    *spoken, last = chunks(written)
    assert [chunk["usage"] for chunk in spoken] == [None, None]
    assert last["choices"] == []
    assert last["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 7,
        "total_tokens": 17,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
        "ki2api": {"source": "upstream"},
    }


def test_without_a_report_the_estimate_stays() -> None:
    last = chunks(encoder(include_usage=True).feed([ReplyStarted(9), ReplyEnded("end")]))[-1]
    assert last["usage"] == {
        "prompt_tokens": 9,
        "completion_tokens": 0,
        "total_tokens": 9,
        "ki2api": {"source": "estimate"},
    }


def test_thoughts_have_a_field_of_their_own() -> None:
    said = deltas([PartStarted(0, "thinking"), PartDelta(0, "hm"), PartEnded(0, "sig")])
    assert said == [{"reasoning_content": "hm"}]


def test_calls_are_counted_by_themselves() -> None:
    said = deltas(
        [
            PartStarted(0, "text"),
            PartDelta(0, "look"),
            PartEnded(0),
            PartStarted(1, "tool-call", "c1", "ls"),
            PartDelta(1, '{"a":'),
            PartDelta(1, "1}"),
            PartEnded(1),
            PartStarted(2, "tool-call", "c2", "pwd"),
            PartEnded(2),
        ]
    )
    assert said[0] == {"content": "look"}
    calls = [delta["tool_calls"][0] for delta in said[1:]]
    assert [(call["index"], call.get("id")) for call in calls] == [
        (0, "c1"),
        (0, None),
        (0, None),
        (1, "c2"),
        (1, None),
    ]
    assert [call["function"]["arguments"] for call in calls] == ["", '{"a":', "1}", "", "{}"]


def test_a_failure_is_neither_an_end_nor_done() -> None:
    assert encoder().fail(ModelOverloaded("busy")) == (
        b'data: {"error":{"message":"busy","type":"api_error","param":null,'
        b'"code":"server_is_overloaded"}}\n\n'
    )


def test_a_whole_completion_joins_what_belongs_together() -> None:
    parts = (
        ThinkingPart("h"),
        ThinkingPart("m"),
        TextPart("a"),
        ToolCallPart("c1", "ls", '{"a":1}'),
        TextPart("b"),
    )
    completion = msgspec.json.decode(encoder().whole(Reply(parts, "tool-calls", USAGE)))
    assert completion == {
        "id": "chatcmpl-f10e",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "ab",
                    "refusal": None,
                    "reasoning_content": "hm",
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "ls", "arguments": '{"a":1}'},
                        }
                    ],
                },
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {
            "prompt_tokens": 5,
            "completion_tokens": 7,
            "total_tokens": 12,
            "ki2api": {"source": "derived"},
        },
    }


@pytest.mark.parametrize(
    ("parts", "content"),
    [((), ""), ((TextPart("a"),), "a"), ((ToolCallPart("c", "ls", "{}"),), None)],
)
def test_content_is_null_only_beside_calls(
    parts: tuple[TextPart | ToolCallPart, ...], content: str | None
) -> None:
    completion = msgspec.json.decode(encoder().whole(Reply(parts, "end", USAGE)))
    assert completion["choices"][0]["message"]["content"] == content


def test_a_ping_is_a_comment() -> None:
    assert OPENAI_CHAT.ping.startswith(b":")


def test_a_search_is_not_shown_and_its_citations_are_links() -> None:
    page = WebPage(1, "https://a.test/", "A", "Words of A.")
    events: list[ReplyEvent] = [
        ReplyStarted(),
        PartStarted(0, "text"),
        PartDelta(0, "I look."),
        PartEnded(0),
        PartStarted(1, "search-call", "1", "web_search"),
        PartDelta(1, '{"query":"a"}'),
        PartEnded(1),
        PartStarted(2, "search-result", "1", result=SearchResultPart("1", (page,))),
        PartEnded(2),
        PartStarted(3, "text"),
        PartDelta(3, "A is"),
        PartEnded(3, citations=(page,)),
        PartStarted(4, "text"),
        PartDelta(4, "."),
        PartEnded(4),
        ReplyEnded("end"),
    ]
    said = deltas(events)
    text = "".join(delta.get("content", "") for delta in said)
    assert text == "I look.\n\nA is ([a.test](https://a.test/))."
    *_, cited, last = said
    assert last == {}
    (note,) = cited["annotations"]
    place = note["url_citation"]
    assert text[place["start_index"] : place["end_index"]] == "([a.test](https://a.test/))"
    whole = msgspec.json.decode(encoder().whole(fold(events)))["choices"][0]["message"]
    assert whole["content"] == text
    assert whole["annotations"] == cited["annotations"]


def test_citations_of_several_texts_stand_where_they_are_said_to() -> None:
    pages = WebPage(1, "https://a.test/", "A"), WebPage(2, "https://b.test/", "B")
    links = ["([a.test](https://a.test/))", "([b.test](https://b.test/))"]
    events: list[ReplyEvent] = [ReplyStarted()]
    for index, (text, cited) in enumerate([("One", pages), ("; zwö", pages[1:]), (".", ())]):
        events += PartStarted(index, "text"), PartDelta(index, text)
        events.append(PartEnded(index, citations=cited))
    said = deltas([*events, ReplyEnded("end")])
    content = "".join(delta.get("content", "") for delta in said)
    assert content == f"One {links[0]} {links[1]}; zwö {links[1]}."
    notes = [note["url_citation"] for note in said[-2]["annotations"]]
    told = [content[note["start_index"] : note["end_index"]] for note in notes]
    assert told == [*links, links[1]]
    assert notes[1]["end_index"] < notes[2]["start_index"]
    whole = msgspec.json.decode(encoder().whole(fold([*events, ReplyEnded("end")])))
    message = whole["choices"][0]["message"]
    assert message["content"] == content
    assert [note["url_citation"] for note in message["annotations"]] == notes


def test_thoughts_are_told_apart_in_the_usage_where_there_were_some() -> None:
    reply = Reply((TextPart("a"),), "end", Usage(5, 7, "upstream", thinking=3))
    usage = msgspec.json.decode(encoder().whole(reply))["usage"]
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 3}
    assert usage["ki2api"] == {"source": "upstream", "thinking_source": "estimate"}


def test_a_search_before_the_first_words_leaves_no_gap() -> None:
    found = PartStarted(0, "search-result", "1", result=SearchResultPart("1"))
    text = (PartStarted(1, "text"), PartDelta(1, "Yes."), PartEnded(1))
    events: list[ReplyEvent] = [ReplyStarted(), found, PartEnded(0), *text, ReplyEnded("end")]
    assert "".join(delta.get("content", "") for delta in deltas(events)) == "Yes."
    whole = msgspec.json.decode(encoder().whole(fold(events)))["choices"][0]["message"]
    assert whole["content"] == "Yes."
