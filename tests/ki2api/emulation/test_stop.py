"""Stop strings."""

from typing import Any

import pytest

from ki2api.conversation import TextPart, ThinkingPart, ToolCallPart
from ki2api.emulation.edits import Edits
from ki2api.emulation.length import Length
from ki2api.emulation.stop import Follower, StopStrings
from ki2api.events import PartDelta, PartStarted, ReplyStarted


@pytest.mark.parametrize(
    ("stops", "pieces", "kept", "stop"),
    [
        (["END"], ["one END two"], "one ", "END"),
        (["END"], ["one E", "N", "D two"], "one ", "END"),
        (["END"], ["END"], "", "END"),
        (["aab"], ["aa", "aab"], "aa", "aab"),
        (["abab"], ["abacabab!"], "abac", "abab"),
        (["bcd", "c"], ["abcd"], "ab", "c"),  # complete first
        (["b", "ab"], ["ab"], "", "ab"),  # complete at once
        (["ab", "abc"], ["abc"], "", "ab"),
        (["。好"], ["你好。", "好的"], "你好", "。好"),
        (["x"], ["one EN"], "one EN", None),
        (["END"], ["one EN"], "one EN", None),
        (["END"], ["E", "E", "N"], "EEN", None),
    ],
)
def test_the_text_ends_before_the_first_stop_string(
    folded: Any, say: Any, stops: list[str], pieces: list[str], kept: str, stop: str | None
) -> None:
    reply = folded(say.reply(say.text(0, *pieces)), StopStrings(stops))
    assert reply.parts == (TextPart(kept),)
    assert (reply.reason, reply.stop_sequence) == ("stop-sequence" if stop else "end", stop)


def test_thoughts_and_calls_are_not_read(folded: Any, say: Any) -> None:
    parts = (
        say.thoughts(0, "END"),
        say.call(1, "f", '{"a":"END"}'),
        say.text(2, "E"),
        say.text(3, "ND"),
    )
    reply = folded(say.reply(*parts), StopStrings(["END"]))
    assert reply.parts == (
        ThinkingPart("END", "proof"),
        ToolCallPart("id-1", "f", '{"a":"END"}'),
        TextPart("E"),
        TextPart("ND"),
    )


def test_no_more_is_held_back_than_may_become_a_stop_string() -> None:
    edits = Edits([StopStrings(["END", "XEY"])], Length())
    edits.feed((ReplyStarted(), PartStarted(0, "text")))
    assert edits.feed((PartDelta(0, "aXE"),)) == (PartDelta(0, "a"),)
    assert edits.feed((PartDelta(0, "N"),)) == (PartDelta(0, "X"),)
    assert edits.feed((PartDelta(0, "Z"),)) == (PartDelta(0, "ENZ"),)


def test_what_comes_after_the_end_of_a_batch_is_left_out() -> None:
    edits = Edits([StopStrings(["x"])], Length())
    batch = (ReplyStarted(), PartStarted(0, "text"), PartDelta(0, "x"), PartDelta(0, "y"))
    assert PartDelta(0, "y") not in edits.feed(batch)
    assert edits.length.ended


def test_following_a_string_takes_time_in_line_with_the_text() -> None:
    follower = Follower("a" * 1_000 + "b")
    assert follower.feed("a" * 200_000) is None
    assert follower.matched == 1_000
    assert follower.feed("b") == 1
