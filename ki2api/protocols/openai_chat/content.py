"""The content of OpenAI's messages as canonical parts."""

import re
from collections.abc import Iterator

from ki2api.conversation import (
    ImagePart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from ki2api.errors import InvalidRequest
from ki2api.protocols.fields import IMAGE_FORMATS
from ki2api.protocols.openai_chat import wire
from ki2api.protocols.reading import Unserved

_DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?:;[^;,]*)*;base64,(?P<data>.*)", re.DOTALL)


def shown(content: wire.Content, at: str, unserved: Unserved) -> Iterator[TextPart | ImagePart]:
    """Read words and pictures; a bare string is a text."""
    if isinstance(content, str):
        yield TextPart(content, at)
        return
    for index, part in enumerate(content or ()):
        place = f"{at}[{index}]"
        match part:
            case wire.TextContent(text=text) | wire.RefusalContent(refusal=text):
                yield TextPart(text, place)
            case wire.ImageContent(image_url=wire.ImageURL(url=url)):
                yield from _image(url, place, f"{place}.image_url.url", unserved)
            case wire.ImageContent(image_url=str(url)):
                yield from _image(url, place, f"{place}.image_url", unserved)
            case _:
                unserved.found(place, "content of this type is not supported")


def said(message: wire.AssistantMessage, at: str, unserved: Unserved) -> Iterator[Part]:
    """Read an assistant's message: thoughts, then words, then calls."""
    if message.reasoning_content:
        yield ThinkingPart(message.reasoning_content, at=f"{at}.reasoning_content")
    yield from shown(message.content, f"{at}.content", unserved)
    if message.refusal:
        yield TextPart(message.refusal, f"{at}.refusal")
    if message.function_call is not None:
        raise InvalidRequest(
            "use tool_calls: functions are not supported", path=f"{at}.function_call"
        )
    for index, call in enumerate(message.tool_calls or ()):
        yield from _call(call, f"{at}.tool_calls[{index}]", unserved)


def result(message: wire.ToolMessage, at: str, unserved: Unserved) -> ToolResultPart:
    """Read what a tool gave."""
    content = tuple(shown(message.content, f"{at}.content", unserved))
    return ToolResultPart(message.tool_call_id, content, at=at)


def _call(call: wire.ToolCall, at: str, unserved: Unserved) -> Iterator[ToolCallPart]:
    if call.type != "function":
        unserved.found(at, f"a tool call of type {call.type!r} is not supported")
    elif call.function is None:
        raise InvalidRequest("Field required", path=f"{at}.function")
    else:
        # A call without arguments comes with "" from some clients and models.
        yield ToolCallPart(call.id, call.function.name, call.function.arguments or "{}", at)


def _image(url: str, at: str, url_at: str, unserved: Unserved) -> Iterator[ImagePart]:
    """Read a picture that is in the body itself: this gateway fetches nothing."""
    found = _DATA_URL.fullmatch(url)
    if found is None:
        unserved.found(url_at, "only data: URLs in base64 are supported, nothing is fetched")
    elif (image_format := IMAGE_FORMATS.get(found["type"])) is None:
        unserved.found(url_at, f"pictures of type {found['type']!r} are not supported")
    else:
        yield ImagePart(image_format, found["data"], at)
