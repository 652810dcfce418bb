"""The limit of a reply's length, by whatever the estimate of tokens is."""

from typing import Any

import pytest

from ki2api.conversation import TextPart, ToolCallPart
from ki2api.emulation.length import Length
from ki2api.emulation.stop import StopStrings
from ki2api.estimate import Tally, text_tokens
from ki2api.events import PartEnded, PartStarted, SearchResultPart, Usage

WORDS = "Hello there, and so on and on, 你好世界 🌸, until the end."


def test_a_reply_within_its_limit_is_left_alone(folded: Any, say: Any) -> None:
    reply = folded(say.reply(say.text(0, WORDS)), length=Length(text_tokens(WORDS) + 1))
    assert reply.parts == (TextPart(WORDS),)
    assert (reply.reason, reply.usage) == ("end", say.usage)


@pytest.mark.parametrize("limit", [3, 7, 12])
@pytest.mark.parametrize("size", [1, 5, 100])
def test_a_longer_one_ends_where_the_limit_is_reached(
    folded: Any, say: Any, limit: int, size: int
) -> None:
    pieces = [WORDS[start : start + size] for start in range(0, len(WORDS), size)]
    reply = folded(say.reply(say.text(0, *pieces)), length=Length(limit))
    kept = reply.parts[0].text
    assert WORDS.startswith(kept)
    assert text_tokens(kept) <= limit < text_tokens(WORDS[: len(kept) + 12])
    assert reply.reason == "max-tokens"
    assert reply.usage == Usage(9, limit, "estimate")


@pytest.mark.parametrize("text", ["Hello", "🌸🌸"])
def test_one_letter_comes_in_any_case(folded: Any, say: Any, text: str) -> None:
    reply = folded(say.reply(say.text(0, "", text)), length=Length(1))
    assert reply.parts == (TextPart(text[0]),)
    assert reply.usage.output == 1


def test_what_just_reaches_the_limit_ends_it(folded: Any, say: Any) -> None:
    reply = folded(say.reply(say.text(0, WORDS)), length=Length(text_tokens(WORDS)))
    assert reply.parts == (TextPart(WORDS),)
    assert reply.reason == "max-tokens"


def test_a_long_reply_is_cut_as_closely(folded: Any, say: Any) -> None:
    pieces = [WORDS] * 400
    reply = folded(say.reply(say.text(0, *pieces)), length=Length(5_000))
    assert reply.reason == "max-tokens"
    assert text_tokens(reply.parts[0].text) == pytest.approx(5_000, abs=3)


def test_thoughts_and_calls_count_too(folded: Any, say: Any) -> None:
    arguments = '{"a": "one two three four five"}'
    limit = text_tokens("I think of it") + 5
    parts = say.thoughts(0, "I think of it"), say.call(1, "f", arguments)
    reply = folded(say.reply(*parts, reason="tool-calls"), length=Length(limit))
    call = reply.parts[1]
    assert isinstance(call, ToolCallPart)
    assert arguments.startswith(call.input)
    assert call.input != arguments
    assert reply.reason == "max-tokens"


def test_cutting_twice_is_cutting_once(say: Any) -> None:
    once = Length(5).feed(say.reply(say.text(0, WORDS)))
    assert Length(5).feed(once) == once


def test_a_reply_that_was_ended_before_gets_an_estimate(folded: Any, say: Any) -> None:
    reply = folded(say.reply(say.text(0, "12345678x")), StopStrings(["x"]))
    assert reply.usage == Usage(9, text_tokens("12345678"), "estimate")


def test_the_whole_of_a_long_reply_without_a_limit_is_in_its_estimate(
    folded: Any, say: Any
) -> None:
    tally = Tally()
    for _ in range(900):
        tally.add(WORDS)
    reply = folded(say.reply(say.text(0, *[WORDS] * 900, "x")), StopStrings(["x"]))
    assert reply.usage.output == tally.tokens


def test_the_figures_of_a_cut_reply_tell_its_thoughts_apart(folded: Any, say: Any) -> None:
    tally = Tally()
    tally.add("I think of it")
    parts = say.thoughts(0, "I think of it"), say.text(1, WORDS)
    reply = folded(say.reply(*parts), length=Length(9))
    assert reply.usage == Usage(9, 9, "estimate", thinking=tally.tokens)


def test_the_searches_of_a_cut_reply_are_told_all_the_same(folded: Any, say: Any) -> None:
    found = [
        [PartStarted(at, "search-result", f"s{at}", result=each), PartEnded(at)]
        for at, each in enumerate(
            (SearchResultPart("s0"), SearchResultPart("s1", fault="bad-input"))
        )
    ]
    reply = folded(say.reply(*found, say.text(2, WORDS)), length=Length(3))
    assert reply.usage == Usage(9, 3, "estimate", searches=1)
