"""System texts among the messages."""

import pytest

from ki2api.conversation import ImagePart, TextPart, Turn
from ki2api.errors import InvalidRequest
from ki2api.protocols.system import part_system


def turn(text: str) -> Turn:
    return Turn("user", (TextPart(text),))


def test_opening_system_texts_leave_the_turns() -> None:
    messages = [(True, turn("be kind")), (True, turn("be brief")), (False, turn("hi"))]
    assert part_system(messages) == ((TextPart("be kind"), TextPart("be brief")), (turn("hi"),))


def test_a_later_system_text_stays_in_its_place() -> None:
    messages = [(False, turn("hi")), (True, turn("now be brief")), (False, turn("go on"))]
    assert part_system(messages) == ((), (turn("hi"), turn("now be brief"), turn("go on")))


@pytest.mark.parametrize("messages", [[], [(True, turn("be kind"))]])
def test_a_conversation_needs_a_message(messages: list[tuple[bool, Turn]]) -> None:
    with pytest.raises(InvalidRequest, match="at least one message") as refused:
        part_system(messages)
    assert refused.value.path == "messages"
    with pytest.raises(InvalidRequest) as refused:
        part_system(messages, "input")
    assert refused.value.path == "input"


def test_a_picture_in_the_opening_system_text_is_refused() -> None:
    picture = ImagePart("png", "aGk=", "messages[0].content[0]")
    with pytest.raises(InvalidRequest, match="only text") as refused:
        part_system([(True, Turn("user", (picture,)))])
    assert refused.value.path == "messages[0].content[0]"
