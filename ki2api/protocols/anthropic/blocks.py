"""Anthropic's content blocks as canonical parts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ki2api.conversation import (
    Part,
    ResultContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from ki2api.protocols.anthropic import wire
from ki2api.protocols.anthropic.searching import call_id as known_id
from ki2api.protocols.anthropic.searching import result_of
from ki2api.protocols.files import NOT_FETCHED, NOT_STORED, Label, encoded_file, framed, words
from ki2api.protocols.pictures import encoded, picture
from ki2api.protocols.reading import Unserved
from ki2api.websearch.told import as_tool_result

Content: TypeAlias = str | Sequence[wire.Block] | None


def parts(content: Content, at: str, unserved: Unserved) -> tuple[Part, ...]:
    """Read the content of a message, wherever it stands in the body."""
    if isinstance(content, str):
        return (TextPart(content, at),)
    found: list[Part] = []
    for block, place in _blocks(content, at):
        found += _READERS.get(type(block), _shown)(block, place, unserved)
    return tuple(found)


def _blocks(content: Sequence[wire.Block] | None, at: str) -> Iterable[tuple[wire.Block, str]]:
    """Give every block its place."""
    placed = [(block, f"{at}[{index}]") for index, block in enumerate(content or ())]
    return _joined(placed) if len(placed) > 1 and any(map(_is_cited, content or ())) else placed


def _is_cited(block: wire.Block) -> bool:
    return isinstance(block, wire.TextBlock) and bool(block.citations)


def _joined(blocks: Iterable[tuple[wire.Block, str]]) -> list[tuple[wire.Block, str]]:
    """Join texts that were cut into blocks only because some of their words are cited."""
    joined: list[tuple[wire.Block, str]] = []
    for block, place in blocks:
        before, begun = joined[-1] if joined else (None, "")
        if (
            isinstance(before, wire.TextBlock)
            and isinstance(block, wire.TextBlock)
            and (before.citations or block.citations)
        ):
            text, cited = before.text + block.text, before.citations or block.citations
            joined[-1] = wire.TextBlock(text, cited), begun
        else:
            joined.append((block, place))
    return joined


def _shown(block: wire.Block, at: str, unserved: Unserved) -> Iterator[ResultContent]:
    """Read a block of a kind that, beside words, may also stand in a tool result."""
    match block:
        case wire.ToolReferenceBlock(tool_name=name):
            # The tool itself is among the tools of the request, so its name is all there is to say.
            yield TextPart(name, at)
        case wire.ImageBlock(source=source):
            yield from _image(source, at, unserved)
        case wire.DocumentBlock():
            if block.citations and block.citations.enabled:
                unserved.without_effect(f"{at}.citations")
            label = Label((block.title or "").strip(), (block.context or "").strip())
            yield from _document(block.source, label, f"{at}.source", unserved)
        case _:
            unserved.found(at, "content of this type is not supported here")


def _image(source: wire.Source, at: str, unserved: Unserved) -> Iterator[ResultContent]:
    match source.type:
        case "base64":
            place = f"{at}.source.media_type"
            yield from encoded(source.media_type, source.data, at, place, unserved)
        case "url":
            yield from picture(source.url, at, f"{at}.source.url", unserved)
        case "file":
            unserved.found(f"{at}.source", NOT_STORED)
        case other:
            unserved.found(f"{at}.source", f"a source of type {other!r} is not supported")


def _document(
    source: wire.DocumentSource, label: Label, at: str, unserved: Unserved
) -> Iterator[ResultContent]:
    match source.type:
        case "base64":
            yield from encoded_file(source.media_type, source.data, label, at, unserved)
        case "text":
            yield words(source.data, label, at)
        case "content":
            yield from _document_content(source.content, label, at, unserved)
        case "url":
            unserved.found(at, NOT_FETCHED)
        case "file":
            unserved.found(at, NOT_STORED)
        case other:
            unserved.found(at, f"a source of type {other!r} is not supported")


def _document_content(
    content: Content, label: Label, at: str, unserved: Unserved
) -> Iterator[ResultContent]:
    if isinstance(content, str):
        yield words(content, label, at)
    else:
        yield from framed(_all_shown(content, f"{at}.content", unserved), label, at)


def _text(block: wire.TextBlock, at: str, _: Unserved) -> Iterable[Part]:
    return (TextPart(block.text, at),)


def _thinking(block: wire.ThinkingBlock, at: str, _: Unserved) -> Iterable[Part]:
    return (ThinkingPart(block.thinking, block.signature, at=at),)


def _redacted(block: wire.RedactedThinkingBlock, at: str, _: Unserved) -> Iterable[Part]:
    return (ThinkingPart(redacted=block.data, at=at),)


def _call(block: wire.ToolUseBlock, at: str, _: Unserved) -> Iterable[Part]:
    return (ToolCallPart(block.id, block.name, bytes(block.input).decode(), at),)


def _server_call(block: wire.ServerToolUseBlock, at: str, unserved: Unserved) -> Iterable[Part]:
    if block.name != "web_search":
        return _shown(block, at, unserved)
    return (ToolCallPart(known_id(block.id), block.name, bytes(block.input).decode(), at),)


def _tool_result(block: wire.ToolResultBlock, at: str, unserved: Unserved) -> Iterable[Part]:
    place = f"{at}.content"
    if isinstance(block.content, str):
        shown: tuple[ResultContent, ...] = (TextPart(block.content, place),)
    else:
        shown = tuple(_all_shown(block.content, place, unserved))
    return (ToolResultPart(block.tool_use_id, shown, bool(block.is_error), at),)


def _all_shown(
    content: Sequence[wire.Block] | None, at: str, unserved: Unserved
) -> Iterator[ResultContent]:
    for block, place in _blocks(content, at):
        if isinstance(block, wire.TextBlock):
            yield TextPart(block.text, place)
        else:
            yield from _shown(block, place, unserved)


def _search_result(block: wire.WebSearchResultBlock, at: str, _: Unserved) -> Iterable[Part]:
    return (as_tool_result(result_of(block), at),)


def _change(_block: wire.ToolChange, _at: str, _: Unserved) -> Iterable[Part]:
    """Leave out what changes the list of tools, which is read elsewhere."""
    return ()


_READERS: Mapping[type[wire.Block], Callable[[Any, str, Unserved], Iterable[Part]]] = {
    wire.TextBlock: _text,
    wire.ThinkingBlock: _thinking,
    wire.RedactedThinkingBlock: _redacted,
    wire.ToolUseBlock: _call,
    wire.ToolResultBlock: _tool_result,
    wire.ServerToolUseBlock: _server_call,
    wire.WebSearchResultBlock: _search_result,
    wire.ToolAdditionBlock: _change,
    wire.ToolRemovalBlock: _change,
}
