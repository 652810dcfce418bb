"""The limit of a reply's length."""

from typing import Any

import pytest

from ki2api.conversation import TextPart, ThinkingPart, ToolCallPart
from ki2api.emulation.length import Length
from ki2api.emulation.stop import StopStrings
from ki2api.events import Usage


def test_a_reply_within_its_limit_is_left_alone(folded: Any, say: Any) -> None:
    reply = folded(say.reply(say.text(0, "Hello there")), Length(4))
    assert reply.parts == (TextPart("Hello there"),)
    assert (reply.reason, reply.usage) == ("end", say.usage)


@pytest.mark.parametrize(
    ("limit", "pieces", "kept"),
    [
        (1, ["Hello there"], "Hell"),
        (1, ["He", "llo"], "He"),
        (2, ["Hello there"], "Hello th"),
        (1, ["你好世界"], "你"),
        (1, ["🌸🌸"], "🌸"),
        (3, ["Hello", "", " there, you"], "Hello there,"),
    ],
)
def test_a_longer_one_ends_where_the_limit_is_reached(
    folded: Any, say: Any, limit: int, pieces: list[str], kept: str
) -> None:
    reply = folded(say.reply(say.text(0, *pieces)), Length(limit))
    assert reply.parts == (TextPart(kept),)
    assert reply.reason == "max-tokens"
    assert reply.usage == Usage(9, limit, "estimate")


def test_thoughts_and_calls_count_too(folded: Any, say: Any) -> None:
    parts = say.thoughts(0, "12345678"), say.call(1, "f", '{"a": 12345}')
    reply = folded(say.reply(*parts, reason="tool-calls"), Length(4))
    assert reply.parts == (ThinkingPart("12345678", "proof"), ToolCallPart("id-1", "f", '{"a": 12'))
    assert reply.reason == "max-tokens"


def test_cutting_twice_is_cutting_once(folded: Any, say: Any) -> None:
    reply = folded(say.reply(say.text(0, "Hello there")), Length(2), Length(2))
    assert reply.parts == (TextPart("Hello th"),)
    assert reply.reason == "max-tokens"


def test_a_reply_that_was_ended_before_gets_an_estimate(folded: Any, say: Any) -> None:
    reply = folded(say.reply(say.text(0, "12345678x")), StopStrings(["x"]), Length())
    assert reply.usage == Usage(9, 2, "estimate")
