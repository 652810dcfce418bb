from collections.abc import Callable
from typing import Any

import pytest

from ki2api.conversation import (
    DocumentPart,
    ImageLinkPart,
    ImagePart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.errors import InvalidRequest
from ki2api.kiro.rules.reading import DOCUMENT_RESULT, EMPTY_RESULT, IMAGE_RESULT

Hear = Callable[..., Any]
ASK = Turn("user", (TextPart("go"),))
CALL = Turn("assistant", (ToolCallPart("1", "t", "[1]", "call"),))


def test_an_input_that_is_no_object_is_wrapped(hear: Hear) -> None:
    heard = hear(ASK, CALL)
    assert heard.turns[1]["toolUses"][0]["input"] == {"value": [1]}
    assert ("H15", "call") in {(each.rule, each.at) for each in heard.composed.repairs}


def test_a_link_to_an_image_is_refused_and_the_stage_is_named(hear: Hear) -> None:
    link = ImageLinkPart("https://a.example/b.png", "messages[0].content[0].image_url.url")
    for part in (link, ToolResultPart("1", (link,))):
        with pytest.raises(InvalidRequest, match="fetch-images") as caught:
            hear(Turn("user", (part,)))
        assert caught.value.path == link.at


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


def test_a_document_of_a_result_moves_to_its_turn(hear: Hear, png: str) -> None:
    document = DocumentPart("a.pdf", "pdf", "JVBERi0=")
    content = (document, ImagePart("png", png))
    heard = hear(ASK, CALL, Turn("user", (ToolResultPart("1", content),)))
    assert heard.results[0]["content"] == [{"text": DOCUMENT_RESULT}]
    assert [each["name"] for each in heard.turns[-1]["documents"]] == ["a"]
    assert len(heard.turns[-1]["images"]) == 1


def test_a_turn_without_parts_is_a_turn(hear: Hear) -> None:
    assert len(hear(ASK, Turn("assistant", ()), ASK).turns) == 3
