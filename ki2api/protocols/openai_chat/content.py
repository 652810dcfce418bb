"""The content of OpenAI's messages as canonical parts."""

from collections.abc import Iterable, Iterator

from ki2api.conversation import (
    Part,
    ResultContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from ki2api.errors import InvalidRequest
from ki2api.protocols.files import attached_file
from ki2api.protocols.openai_chat import wire
from ki2api.protocols.pictures import picture
from ki2api.protocols.reading import Unserved


def shown(content: wire.Content, at: str, unserved: Unserved) -> Iterable[ResultContent]:
    """Read words, pictures and files; a bare string is a text."""
    return (TextPart(content, at),) if isinstance(content, str) else _listed(content, at, unserved)


def _listed(
    content: list[wire.ContentPart] | None, at: str, unserved: Unserved
) -> Iterator[ResultContent]:
    for index, part in enumerate(content or ()):
        place = f"{at}[{index}]"
        match part:
            case wire.TextContent(text=text) | wire.RefusalContent(refusal=text):
                yield TextPart(text, place)
            case wire.ImageContent(image_url=wire.ImageURL(url=url)):
                yield from picture(url, place, f"{place}.image_url.url", unserved)
            case wire.ImageContent(image_url=str(url)):
                yield from picture(url, place, f"{place}.image_url", unserved)
            case wire.FileContent(file=file):
                yield from attached_file(
                    file.file_data, file.file_id, file.filename, f"{place}.file", unserved
                )
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
