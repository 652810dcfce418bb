"""Anthropic's content blocks."""

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
    ToolResultPart,
    WebPage,
)
from ki2api.errors import InvalidRequest
from ki2api.events import SearchResultPart
from ki2api.protocols.anthropic import wire
from ki2api.protocols.anthropic.blocks import parts
from ki2api.protocols.anthropic.searching import search_block
from ki2api.protocols.reading import Unserved

TEXT = {"type": "text", "media_type": "text/plain", "data": "hi"}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
PAGE = WebPage(1, "https://a.test/", "A", "Words of A.")
PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}


def parse(content: Any, *, drop: bool = False) -> tuple[tuple[Part, ...], list[str]]:
    read = msgspec.json.decode(msgspec.json.encode(content), type=str | list[wire.Block] | None)
    unserved = Unserved(drop=drop)
    return tuple(parts(read, "m", unserved)), unserved.dropped


def test_a_string_is_a_text() -> None:
    assert parse("hi") == ((TextPart("hi", "m"),), [])


def test_no_content_has_no_parts() -> None:
    assert parse(None) == ((), [])


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "text", "text": "hi", "cache_control": None}, TextPart("hi", "m[0]")),
        ({"type": "image", "source": PNG}, ImagePart("png", "aGk=", "m[0]")),
        (
            {"type": "image", "source": {**PNG, "media_type": "image/jpg"}},
            ImagePart("jpeg", "aGk=", "m[0]"),
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}},
            ImageLinkPart("https://a.example/b.png", "m[0].source.url"),
        ),
        (
            {"type": "document", "title": " A ", "source": PDF, "citations": {"enabled": False}},
            DocumentPart("A", "pdf", "JVBERi0=", "m[0].source"),
        ),
        (
            {"type": "document", "title": "A", "context": "old", "source": TEXT},
            TextPart('<document name="A" context="old">\nhi\n</document>', "m[0].source"),
        ),
        (
            {"type": "document", "source": {"type": "content", "content": "hi"}},
            TextPart("<document>\nhi\n</document>", "m[0].source"),
        ),
        (
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            ThinkingPart("hm", "s", at="m[0]"),
        ),
        ({"type": "redacted_thinking", "data": "xyz"}, ThinkingPart(redacted="xyz", at="m[0]")),
        (
            {"type": "tool_use", "id": "t1", "name": "ls", "input": {"é": 1}, "caller": {}},
            ToolCallPart("t1", "ls", '{"é":1}', "m[0]"),
        ),
        ({"type": "tool_reference", "tool_name": "ls"}, TextPart("ls", "m[0]")),
        (
            {"type": "tool_result", "tool_use_id": "t1"},
            ToolResultPart("t1", (), at="m[0]"),
        ),
        (
            {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True},
            ToolResultPart("t1", (TextPart("no", "m[0].content"),), is_error=True, at="m[0]"),
        ),
        (
            {
                "type": "tool_result",
                "tool_use_id": "t1",
                "content": [{"type": "text", "text": "a"}, {"type": "image", "source": PNG}],
            },
            ToolResultPart(
                "t1",
                (
                    TextPart("a", "m[0].content[0]"),
                    ImagePart("png", "aGk=", "m[0].content[1]"),
                ),
                at="m[0]",
            ),
        ),
    ],
)
def test_each_block_is_one_part(block: dict[str, Any], part: Part) -> None:
    assert parse([block]) == ((part,), [])


UNSERVED = [
    (
        {"type": "image", "source": {"type": "url", "url": "ftp://a.example/b.png"}},
        "m[0].source.url: a picture is a data: URL in base64, or an https:// address",
    ),
    (
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        "m[0].source: no files are stored here: send the file itself, in base64",
    ),
    (
        {"type": "image", "source": {"type": "odd"}},
        "m[0].source: a source of type 'odd' is not supported",
    ),
    (
        {"type": "document", "source": {"type": "url", "url": "https://a.example/b.pdf"}},
        "m[0].source: files are not fetched: send the file itself, in base64",
    ),
    (
        {"type": "document", "source": {"type": "file", "file_id": "f"}},
        "m[0].source: no files are stored here: send the file itself, in base64",
    ),
    (
        {"type": "document", "source": {"type": "odd"}},
        "m[0].source: a source of type 'odd' is not supported",
    ),
    (
        {"type": "image", "source": {**PNG, "media_type": "image/bmp"}},
        "m[0].source.media_type: pictures of type 'image/bmp' are not supported",
    ),
    ({"type": "ki2api:unknown"}, "m[0]: content of this type is not supported here"),
]


@pytest.mark.parametrize(("block", "message"), UNSERVED)
def test_what_cannot_be_passed_on_is_refused(block: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse([block])
    assert refused.value.message == message


@pytest.mark.parametrize(("block", "message"), UNSERVED)
def test_what_cannot_be_passed_on_is_left_out_by_name(block: dict[str, Any], message: str) -> None:
    found, dropped = parse([block, {"type": "text", "text": "hi"}], drop=True)
    assert found == (TextPart("hi", "m[1]"),)
    assert dropped == [message.partition(":")[0]]


def test_a_document_of_content_is_framed_and_keeps_its_parts() -> None:
    inner = [{"type": "text", "text": "a"}, {"type": "image", "source": PNG}]
    found, _ = parse([{"type": "document", "source": {"type": "content", "content": inner}}])
    assert found == (
        TextPart("<document>", "m[0].source"),
        TextPart("a", "m[0].source.content[0]"),
        ImagePart("png", "aGk=", "m[0].source.content[1]"),
        TextPart("</document>", "m[0].source"),
    )


def test_a_tool_result_may_hold_documents() -> None:
    document = {"type": "document", "source": PDF}
    found, _ = parse([{"type": "tool_result", "tool_use_id": "t1", "content": [document]}])
    inner = DocumentPart("", "pdf", "JVBERi0=", "m[0].content[0].source")
    assert found == (ToolResultPart("t1", (inner,), at="m[0]"),)


def test_citations_are_named_as_without_effect() -> None:
    document = {"type": "document", "source": TEXT, "citations": {"enabled": True}}
    assert parse([document])[1] == ["m[0].citations"]


def test_a_tool_result_shows_only_what_can_be_seen() -> None:
    inner = {"type": "tool_result", "tool_use_id": "t2"}
    outer = {"type": "tool_result", "tool_use_id": "t1", "content": [inner]}
    with pytest.raises(InvalidRequest, match="not supported here") as refused:
        parse([outer])
    assert refused.value.path == "m[0].content[0]"


def test_every_kind_of_block_is_known_by_its_tag() -> None:
    tags = {kind.__struct_config__.tag for kind in wire.Block.__args__}
    assert tags - {wire.UnknownBlock.__struct_config__.tag} == wire.KNOWN_TYPES


def test_a_search_that_comes_back_is_a_call_and_its_result() -> None:
    kept = search_block(SearchResultPart("tooluse_1", (PAGE,)))
    call = {
        "type": "server_tool_use",
        "id": "srvtoolu_1",
        "name": "web_search",
        "input": {"query": "a"},
        "caller": {"type": "direct"},
    }
    (asked, found), _ = parse([call, kept])
    assert asked == ToolCallPart("tooluse_1", "web_search", '{"query":"a"}', "m[0]")
    assert isinstance(found, ToolResultPart)
    assert (found.call_id, found.pages, found.at) == ("tooluse_1", (PAGE,), "m[1]")
    assert found.content == (TextPart("[1] A\nhttps://a.test/\nWords of A.", "m[1]"),)


def test_texts_that_were_cut_for_their_citations_are_one_again() -> None:
    cited = {"type": "text", "text": "it is", "citations": [{"type": "char_location"}]}
    so, end, other = ({"type": "text", "text": text} for text in ("So ", ".", "More."))
    assert parse([so, cited, end])[0] == (TextPart("So it is.", "m[0]"),)
    thought = {"type": "thinking", "thinking": "hm"}
    assert [getattr(part, "text", "") for part in parse([so, other, thought, cited, cited])[0]] == [
        "So ",
        "More.",
        "hm",
        "it isit is",
    ]


def test_another_tool_of_the_server_is_not_served() -> None:
    call = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_fetch", "input": {}}
    with pytest.raises(InvalidRequest, match="not supported"):
        parse([call])
    assert parse([call], drop=True) == ((), ["m[0]"])
