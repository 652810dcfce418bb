"""Anthropic's content blocks as canonical parts."""

from collections.abc import Iterator
from typing import TypeAlias

from ki2api.conversation import (
    ImagePart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from ki2api.protocols.anthropic import wire
from ki2api.protocols.fields import IMAGE_FORMATS
from ki2api.protocols.reading import Unserved

Content: TypeAlias = str | list[wire.Block] | None


def parts(content: Content, at: str, unserved: Unserved) -> Iterator[Part]:
    """Read the content of a message, wherever it stands in the body."""
    for block, place in _blocks(content, at):
        match block:
            case wire.ThinkingBlock(thinking=text, signature=signature):
                yield ThinkingPart(text, signature, at=place)
            case wire.RedactedThinkingBlock(data=data):
                yield ThinkingPart(redacted=data, at=place)
            case wire.ToolUseBlock(id=call_id, name=name, input=raw):
                yield ToolCallPart(call_id, name, bytes(raw).decode(), place)
            case wire.ToolResultBlock():
                yield _result(block, place, unserved)
            case _:
                yield from _shown(block, place, unserved)


def _blocks(content: Content, at: str) -> Iterator[tuple[wire.Block, str]]:
    """Give every block its place; a bare string is a text block."""
    if isinstance(content, str):
        yield wire.TextBlock(content), at
    elif content is not None:
        for index, block in enumerate(content):
            yield block, f"{at}[{index}]"


def _shown(block: wire.Block, at: str, unserved: Unserved) -> Iterator[TextPart | ImagePart]:
    """Read a block of a kind that may also stand in a tool result."""
    match block:
        case wire.TextBlock(text=text):
            yield TextPart(text, at)
        case wire.ToolReferenceBlock(tool_name=name):
            # The tool itself is among the tools of the request, so its name is all there is to say.
            yield TextPart(name, at)
        case wire.ImageBlock(source=source):
            yield from _image(source, at, unserved)
        case _:
            unserved.found(at, "content of this type is not supported here")


def _image(source: wire.Source, at: str, unserved: Unserved) -> Iterator[ImagePart]:
    """Read a picture that is in the body itself: this gateway fetches nothing."""
    if source.type != "base64":
        unserved.found(f"{at}.source", f"only base64 is supported, not {source.type!r}")
    elif (image_format := IMAGE_FORMATS.get(source.media_type)) is None:
        unserved.found(f"{at}.source.media_type", f"{source.media_type!r} is not supported")
    else:
        yield ImagePart(image_format, source.data, at)


def _result(block: wire.ToolResultBlock, at: str, unserved: Unserved) -> ToolResultPart:
    shown = (
        part
        for inner, place in _blocks(block.content, f"{at}.content")
        for part in _shown(inner, place, unserved)
    )
    return ToolResultPart(block.tool_use_id, tuple(shown), bool(block.is_error), at)
