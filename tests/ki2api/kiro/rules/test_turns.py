from collections.abc import Callable
from typing import Any

import pytest

from ki2api.conversation import ImagePart, TextPart, ToolCallPart, Turn
from ki2api.errors import ContextTooLong, InvalidRequest
from ki2api.kiro.compose import Limits
from ki2api.kiro.rules.turns import GO_ON, NO_BEGINNING, NO_WORDS, ONLY_IMAGES, UNDERSTOOD

Hear = Callable[..., Any]


def user(*texts: str, at: str = "") -> Turn:
    return Turn("user", tuple(TextPart(text) for text in texts), at)


def assistant(*texts: str, at: str = "") -> Turn:
    return Turn("assistant", tuple(TextPart(text) for text in texts), at)


def test_neighbours_of_one_role_are_joined_by_a_blank_line(hear: Hear) -> None:
    heard = hear(*(user(word, at=f"messages[{at}]") for at, word in enumerate("abcde")))
    assert [turn["content"] for turn in heard.turns] == ["a\n\nb\n\nc\n\nd\n\ne"]
    assert heard.rules == ["H4"] * 4
    assert heard.composed.repairs[0].at == "messages[1]"


def test_two_assistant_turns_are_joined_with_their_calls(hear: Hear) -> None:
    one = Turn("assistant", (TextPart("x"), ToolCallPart("1", "t", "{}")))
    two = Turn("assistant", (TextPart("y"), ToolCallPart("2", "t", "{}")))
    said = hear(user("go"), one, two, user("on")).turns[1]
    assert said["content"] == "x\n\ny"
    assert [use["toolUseId"] for use in said["toolUses"]] == ["1", "2"]


def test_the_user_is_put_before_an_assistant_who_begins(hear: Hear) -> None:
    heard = hear(assistant("hello"), user("hi"))
    assert [turn["content"] for turn in heard.turns] == [NO_BEGINNING, "hello", "hi"]
    assert heard.rules == ["H2"]


def test_a_prefill_is_followed_by_a_wish_to_go_on(hear: Hear) -> None:
    heard = hear(user("list"), assistant("1."))
    assert [turn["content"] for turn in heard.turns] == ["list", "1.", GO_ON]
    assert heard.rules == ["H1"]


def test_a_conversation_needs_a_message(hear: Hear) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hear()
    assert caught.value.path == "messages"


def test_turns_without_words_are_filled(hear: Hear, png: str) -> None:
    heard = hear(
        user(),
        assistant(" "),
        user("", "\n"),
        assistant("\0"),
        Turn("user", (ImagePart("png", png),)),
    )
    assert [turn["content"] for turn in heard.turns] == [NO_WORDS] * 4 + [ONLY_IMAGES]
    assert heard.rules == ["H19", "H5", "H6", "H5", "H6", "H5"]


def test_an_empty_turn_of_the_history_keeps_its_place(hear: Hear) -> None:
    assert [turn["content"] for turn in hear(user("a"), assistant(), user("b")).turns] == [
        "a",
        NO_WORDS,
        "b",
    ]


def test_the_system_text_stands_before_the_oldest_user_turn(hear: Hear) -> None:
    heard = hear(
        user("a"),
        assistant("b"),
        user("c"),
        system=(TextPart("Be"), TextPart(" "), TextPart("kind.")),
    )
    assert [turn["content"] for turn in heard.turns] == ["Be\n\nkind.\n\na", "b", "c"]
    assert heard.rules == []


def test_the_system_text_may_have_turns_of_its_own(hear: Hear) -> None:
    heard = hear(
        user("a"), system=(TextPart("Be kind."),), limits=Limits(system_prompt="history-pair")
    )
    assert [turn["content"] for turn in heard.turns] == ["Be kind.", UNDERSTOOD, "a"]


def test_a_history_that_is_too_long_is_refused(hear: Hear) -> None:
    turns = [user("a"), assistant("b"), user("c")]
    assert len(hear(*turns, limits=Limits(max_history=2)).turns) == 3
    with pytest.raises(ContextTooLong, match="2 messages > 1 maximum"):
        hear(*turns, limits=Limits(max_history=1))
