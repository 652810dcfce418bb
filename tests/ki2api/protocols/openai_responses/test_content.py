"""The content of items."""

from typing import Any

import msgspec
import pytest

from ki2api.conversation import (
    DocumentPart,
    ImageLinkPart,
    ImagePart,
    Part,
    TextPart,
)
from ki2api.errors import InvalidRequest
from ki2api.protocols.openai_responses import wire
from ki2api.protocols.openai_responses.content import joined, shown
from ki2api.protocols.reading import Unserved

PNG = "data:image/png;base64,aGk="


def read(content: Any, *, drop: bool = False) -> tuple[list[Part], list[str]]:
    unserved = Unserved(drop=drop)
    contents = msgspec.convert(content, wire.Contents)
    return list(shown(contents, "here", unserved)), unserved.dropped


def test_a_bare_string_is_a_text_and_nothing_is_nothing() -> None:
    assert read("hi") == ([TextPart("hi", "here")], [])
    assert read(None) == ([], [])


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"type": "input_text", "text": "a"}, TextPart("a", "here[0]")),
        ({"type": "output_text", "text": "a", "annotations": []}, TextPart("a", "here[0]")),
        ({"type": "text", "text": "a"}, TextPart("a", "here[0]")),
        ({"type": "refusal", "refusal": "no"}, TextPart("no", "here[0]")),
        ({"type": "input_image", "image_url": PNG}, ImagePart("png", "aGk=", "here[0]")),
        ({"type": "image_url", "image_url": {"url": PNG}}, ImagePart("png", "aGk=", "here[0]")),
        (
            {"type": "input_image", "image_url": "https://a.example/b.png"},
            ImageLinkPart("https://a.example/b.png", "here[0].image_url"),
        ),
        (
            {
                "type": "input_file",
                "filename": "a.pdf",
                "file_data": "data:application/pdf;base64,JVBERi0=",
            },
            DocumentPart("a.pdf", "pdf", "JVBERi0=", "here[0].file_data"),
        ),
    ],
)
def test_each_kind_is_a_part(content: dict[str, Any], part: Part) -> None:
    assert read([content]) == ([part], [])


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"type": "input_text"}, "here[0].text"),
        ({"type": "refusal"}, "here[0].refusal"),
        ({"type": "input_image"}, "here[0].image_url"),
        ({"type": "input_file"}, "here[0].file_data"),
    ],
)
def test_what_is_missing_is_named(content: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRequest, match="Field required") as refused:
        read([content], drop=True)
    assert refused.value.path == place


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"type": "input_image", "file_id": "file_1"}, "here[0].file_id"),
        ({"type": "input_file", "file_id": "file_1"}, "here[0].file_id"),
        ({"type": "input_file", "file_url": "https://a.example/b.pdf"}, "here[0].file_url"),
        ({"type": "input_audio", "data": "aGk="}, "here[0]"),
    ],
)
def test_what_cannot_be_served_is_refused_or_left_out(content: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read([content])
    assert refused.value.path == place
    assert read([content], drop=True) == ([], [place])


def test_the_words_of_a_list_are_joined() -> None:
    texts = [wire.Content("summary_text", text) for text in ("one", "", "two")]
    assert joined([*texts, wire.Content("summary_text")]) == "one\n\ntwo"
    assert joined(None) == ""
