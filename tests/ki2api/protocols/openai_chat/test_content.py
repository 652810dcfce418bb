"""The content of OpenAI's messages."""

from typing import Any

import msgspec
import pytest

from ki2api.conversation import (
    DocumentPart,
    ImageLinkPart,
    ImagePart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from ki2api.errors import InvalidRequest
from ki2api.protocols.openai_chat import wire
from ki2api.protocols.openai_chat.content import result, said, shown
from ki2api.protocols.reading import Unserved

PDF = "data:application/pdf;base64,JVBERi0="
PNG = "data:image/png;base64,aGk="


def show(content: Any, *, drop: bool = False) -> tuple[tuple[Part, ...], list[str]]:
    unserved = Unserved(drop=drop)
    return tuple(shown(msgspec.convert(content, wire.Content), "m", unserved)), unserved.dropped


def say(message: dict[str, Any], *, drop: bool = False) -> tuple[Part, ...]:
    read = msgspec.convert({"role": "assistant", **message}, wire.AssistantMessage)
    return tuple(said(read, "m", Unserved(drop=drop)))


def test_a_string_is_a_text() -> None:
    assert show("hi") == ((TextPart("hi", "m"),), [])


def test_no_content_has_no_parts() -> None:
    assert show(None) == ((), [])


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"type": "text", "text": "hi"}, TextPart("hi", "m[0]")),
        ({"type": "refusal", "refusal": "no"}, TextPart("no", "m[0]")),
        ({"type": "image_url", "image_url": {"url": PNG}}, ImagePart("png", "aGk=", "m[0]")),
        (
            {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
            ImagePart("png", "aGk=", "m[0]"),
        ),
        ({"type": "image_url", "image_url": PNG}, ImagePart("png", "aGk=", "m[0]")),
        (
            {"type": "image_url", "image_url": "data:image/webp;charset=utf-8;base64,aGk="},
            ImagePart("webp", "aGk=", "m[0]"),
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
            ImageLinkPart("https://a.example/b.png", "m[0].image_url.url"),
        ),
        (
            {"type": "image_url", "image_url": "http://a.example"},
            ImageLinkPart("http://a.example", "m[0].image_url"),
        ),
        (
            {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}},
            DocumentPart("a.pdf", "pdf", "JVBERi0=", "m[0].file.file_data"),
        ),
    ],
)
def test_each_piece_of_content_is_one_part(content: dict[str, Any], part: Part) -> None:
    assert show([content]) == ((part,), [])


UNSERVED = [
    (
        {"type": "image_url", "image_url": {"url": "a.example/b.png"}},
        "m[0].image_url.url: a picture is a data: URL in base64, or an https:// address",
    ),
    (
        {"type": "file", "file": {"file_id": "file-1"}},
        "m[0].file.file_id: no files are stored here: send the file itself, in base64",
    ),
    (
        {"type": "image_url", "image_url": "data:image/bmp;base64,aGk="},
        "m[0].image_url: pictures of type 'image/bmp' are not supported",
    ),
    ({"type": "ki2api:unknown"}, "m[0]: content of this type is not supported"),
]


@pytest.mark.parametrize(("content", "message"), UNSERVED)
def test_what_cannot_be_passed_on_is_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        show([content])
    assert refused.value.message == message


@pytest.mark.parametrize(("content", "message"), UNSERVED)
def test_what_cannot_be_passed_on_is_left_out_by_name(
    content: dict[str, Any], message: str
) -> None:
    found, dropped = show([content, {"type": "text", "text": "hi"}], drop=True)
    assert found == (TextPart("hi", "m[1]"),)
    assert dropped == [message.partition(": ")[0]]


def test_an_assistant_thinks_then_speaks_then_calls() -> None:
    message = {
        "reasoning_content": "hm",
        "content": "let me see",
        "refusal": "or not",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "ls", "arguments": '{"a": 1}'}},
            {"id": "c2", "function": {"name": "pwd", "arguments": ""}},
        ],
    }
    assert say(message) == (
        ThinkingPart("hm", at="m.reasoning_content"),
        TextPart("let me see", "m.content"),
        TextPart("or not", "m.refusal"),
        ToolCallPart("c1", "ls", '{"a": 1}', "m.tool_calls[0]"),
        ToolCallPart("c2", "pwd", "{}", "m.tool_calls[1]"),
    )


def test_an_assistant_that_only_calls_says_nothing() -> None:
    message = {"content": None, "tool_calls": [{"id": "c", "function": {"name": "ls"}}]}
    assert say(message) == (ToolCallPart("c", "ls", "{}", "m.tool_calls[0]"),)


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (
            {"function_call": {"name": "ls", "arguments": "{}"}},
            "m.function_call: use tool_calls: functions are not supported",
        ),
        ({"tool_calls": [{"id": "c"}]}, "m.tool_calls[0].function: Field required"),
        (
            {"tool_calls": [{"id": "c", "type": "custom", "custom": {}}]},
            "m.tool_calls[0]: a tool call of type 'custom' is not supported",
        ),
    ],
)
def test_calls_of_another_kind_are_refused(message: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        say(message)
    assert refused.value.message == fault


def test_calls_of_another_kind_are_left_out_where_asked() -> None:
    assert say({"tool_calls": [{"id": "c", "type": "custom"}]}, drop=True) == ()


def test_a_tool_result_may_hold_pictures() -> None:
    read = wire.ToolMessage("c1", [wire.TextContent("a"), wire.ImageContent(PNG)])
    found = result(read, "m", Unserved(drop=False))
    assert (found.call_id, found.at) == ("c1", "m")
    assert found.content == (
        TextPart("a", "m.content[0]"),
        ImagePart("png", "aGk=", "m.content[1]"),
    )


def test_every_kind_of_content_is_known_by_its_tag() -> None:
    tags = {kind.__struct_config__.tag for kind in wire.ContentPart.__args__}
    assert tags - {wire.UnknownContent.__struct_config__.tag} == wire.KNOWN_TYPES
