"""Prefilled words."""

from typing import Any

import pytest

from ki2api.conversation import Conversation, TextPart, ToolCallPart, Turn
from ki2api.emulation.prefill import Prefill, prefill_of

USER = Turn("user", (TextPart("Hello"),))


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ((USER,), ""),
        ((USER, Turn("assistant", (TextPart("The "), TextPart("answer: ")))), "The answer:"),
        ((USER, Turn("assistant", (TextPart(" "),))), ""),
        ((USER, Turn("assistant", ())), ""),
        ((USER, Turn("assistant", (TextPart("x"), ToolCallPart("1", "f", "{}")))), ""),
    ],
)
def test_only_last_words_of_the_assistant_are_a_beginning(
    turns: tuple[Turn, ...], said: str
) -> None:
    assert prefill_of(Conversation("m", turns)) == said


@pytest.mark.parametrize(
    ("pieces", "rest"),
    [
        (["The answer: 42"], " 42"),
        (["The ", "answer", ": ", "42"], " 42"),
        (["\n", "The answer: 42"], " 42"),
        ([" 42"], " 42"),
        (["The ", "end"], "The end"),
        (["The answer"], "The answer"),
        (["The answer:"], ""),
        (["42", " The answer:"], "42 The answer:"),
    ],
)
def test_what_is_repeated_is_taken_off(folded: Any, say: Any, pieces: list[str], rest: str) -> None:
    parts = say.thoughts(0, "The answer:"), say.text(1, *pieces), say.text(2, "The answer:")
    reply = folded(say.reply(*parts), Prefill("The answer:"))
    assert [part.text for part in reply.parts] == ["The answer:", rest, "The answer:"]
