from collections.abc import Callable
from typing import Any

import pytest

from ki2api.conversation import (
    DocumentPart,
    ImagePart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.errors import InvalidRequest
from ki2api.kiro.rules.reading import EMPTY_RESULT, IMAGE_RESULT

Hear = Callable[..., Any]
ASK = Turn("user", (TextPart("go"),))
CALL = Turn("assistant", (ToolCallPart("1", "t", "[1]", "call"),))


def test_an_input_that_is_no_object_is_wrapped(hear: Hear) -> None:
    heard = hear(ASK, CALL)
    assert heard.turns[1]["toolUses"][0]["input"] == {"value": [1]}
    assert ("H15", "call") in {(each.rule, each.at) for each in heard.composed.repairs}


def test_documents_are_refused_with_their_place(hear: Hear) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hear(Turn("user", (DocumentPart("a", "pdf", "", "messages[0].content[0]"),)))
    assert caught.value.path == "messages[0].content[0]"


def test_a_result_keeps_each_of_its_texts(hear: Hear) -> None:
    both = ToolResultPart("1", (TextPart("a"), TextPart(""), TextPart("b")), is_error=True)
    (result,) = hear(ASK, CALL, Turn("user", (both,))).results
    assert result == {
        "toolUseId": "1",
        "status": "error",
        "content": [{"text": "a"}, {"text": "b"}],
    }


def test_an_empty_result_says_so(hear: Hear) -> None:
    heard = hear(ASK, CALL, Turn("user", (ToolResultPart("1", (TextPart(" "),)),)))
    assert heard.results[0]["content"] == [{"text": EMPTY_RESULT}]
    assert "H16" in heard.rules


def test_an_image_of_a_result_moves_to_its_turn(hear: Hear, png: str) -> None:
    heard = hear(ASK, CALL, Turn("user", (ToolResultPart("1", (ImagePart("png", png),)),)))
    assert heard.results[0]["content"] == [{"text": IMAGE_RESULT}]
    assert heard.turns[-1]["images"] == [{"format": "png", "source": {"bytes": png}}]
    assert heard.turns[-1]["content"] == ""


def test_a_turn_without_parts_is_a_turn(hear: Hear) -> None:
    assert len(hear(ASK, Turn("assistant", ()), ASK).turns) == 3
