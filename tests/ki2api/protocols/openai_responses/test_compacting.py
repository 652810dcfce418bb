"""Summaries in place of a conversation."""

from typing import Any

import msgspec
import pytest

from ki2api.conversation import Conversation, TextPart, ThinkingPart, ToolCallPart
from ki2api.errors import EmptyReply
from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    Usage,
    UsageReported,
)
from ki2api.protocols import Delivery, Encoder
from ki2api.protocols.openai_responses import OpenAICompaction, OpenAIResponses
from ki2api.protocols.openai_responses.asked import NOTHING
from ki2api.protocols.openai_responses.sealed import unseal
from ki2api.shelf import Shelf

USAGE = Usage(5, 7, "upstream")
SAID = b'{"id":"msg_1","type":"message","role":"user","content":[]}'
BEGIN: list[ReplyEvent] = [
    ReplyStarted(),
    PartStarted(0, "thinking"),
    PartDelta(0, "hm"),
    PartEnded(0),
]
END: list[ReplyEvent] = [UsageReported(USAGE), ReplyEnded("end")]


def encoder(dialect: type[OpenAIResponses] = OpenAIResponses) -> Encoder:
    asked = msgspec.structs.replace(NOTHING, compacts=True, items={"msg_1": SAID})
    delivery = Delivery("f10e", "m", 1_790_000_000, stream=True, kept=asked)
    return dialect(Shelf().of("me")).encoder(Conversation("m", ()), delivery)


def written(*said: ReplyEvent) -> list[dict[str, Any]]:
    stream = encoder().feed([*BEGIN, *said, *END]).decode()
    frames = stream.removesuffix("\n\n").split("\n\n")
    return [msgspec.json.decode(frame.partition("data: ")[2]) for frame in frames]


def summary(item: dict[str, Any]) -> str:
    assert (item["id"], item["type"]) == ("cmp_f10e", "compaction")
    sealed = unseal(item["encrypted_content"])
    assert sealed is not None
    return sealed.summary


def test_a_summary_is_one_item_at_the_end() -> None:
    words: list[ReplyEvent] = [
        PartStarted(1, "text"),
        PartDelta(1, "They "),
        PartDelta(1, "talked."),
        PartEnded(1),
    ]
    call: list[ReplyEvent] = [
        PartStarted(2, "tool-call", "c", "ls"),
        PartDelta(2, "{}"),
        PartEnded(2),
    ]
    found = written(*words, *call)
    assert [event["type"].removeprefix("response.") for event in found] == [
        "created",
        "in_progress",
        "output_item.added",
        "compaction.compacting",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in found] == [0, 1, 2, 3, 4, 5]
    assert found[2]["item"]["encrypted_content"] == ""
    assert summary(found[4]["item"]) == "They talked."
    assert found[5]["response"]["output"] == [found[4]["item"]]
    assert found[5]["response"]["usage"]["output_tokens"] == 7


def test_a_whole_summary_is_one_item_too() -> None:
    parts = (
        ThinkingPart("hm"),
        TextPart("They"),
        TextPart("talked."),
        ToolCallPart("c", "x", "{}"),
    )
    response = msgspec.json.decode(encoder().whole(Reply(parts, "end", USAGE)))
    (item,) = response["output"]
    assert summary(item) == "They\n\ntalked."


def test_no_summary_is_an_error_and_no_empty_item() -> None:
    with pytest.raises(EmptyReply, match="no summary"):
        encoder().feed([*BEGIN, PartStarted(1, "text"), PartDelta(1, " \n"), PartEnded(1), *END])
    with pytest.raises(EmptyReply, match="no summary"):
        encoder().whole(Reply((), "end", USAGE))


def test_the_route_gives_what_the_user_said_and_the_summary() -> None:
    reply = Reply((TextPart("They talked."),), "end", USAGE)
    told = msgspec.json.decode(encoder(OpenAICompaction).whole(reply))
    assert (told["id"], told["object"]) == ("resp_f10e", "response.compaction")
    assert (told["created_at"], told["usage"]["total_tokens"]) == (1_790_000_000, 12)
    first, item = told["output"]
    assert first == msgspec.json.decode(SAID)
    assert summary(item) == "They talked."
