"""Tools written for another API than the one that is called: told by their own fields.

A tool that cannot be read is looked at once more here, so that one that can costs nothing.
"""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from ki2api.errors import InvalidRequest
from ki2api.protocols import RawRequest

P = ParamSpec("P")
R = TypeVar("R")


class Shape(msgspec.Struct, frozen=True):
    """How one API writes a tool, and which tool is to be called."""

    api: str
    tool: str = ""
    choice: str = ""


ANTHROPIC = Shape(
    "the Anthropic Messages API",
    '{"name": ..., "description": ..., "input_schema": {...}}',
    '{"type": "auto"}, {"type": "any"}, {"type": "none"} or {"type": "tool", "name": ...}',
)
CHAT = Shape(
    "OpenAI Chat Completions",
    '{"type": "function", "function": {"name": ..., "description": ..., "parameters": {...}}}',
    '"auto", "required", "none" or {"type": "function", "function": {"name": ...}}',
)
RESPONSES = Shape(
    "the OpenAI Responses API",
    '{"type": "function", "name": ..., "description": ..., "parameters": {...}}',
    '"auto", "required", "none" or {"type": "function", "name": ...}',
)
_MCP = Shape("the Model Context Protocol")
_BY_FIELD = {
    "function": CHAT,
    "input_schema": ANTHROPIC,
    "inputSchema": _MCP,
    "parameters": RESPONSES,
}


class _Asked(msgspec.Struct):
    """What is looked at once more."""

    tools: list[Any] = []
    tool_choice: Any = None


_ASKED = msgspec.json.Decoder(_Asked)
_PLACE = re.compile(r"tools\[(\d+)\]|tool_choice")


def written_for(
    own: Shape,
) -> Callable[[Callable[Concatenate[RawRequest, P], R]], Callable[Concatenate[RawRequest, P], R]]:
    """Let the reader of a request say of a tool that it is another API's, where that is so."""

    def wrapped(
        read: Callable[Concatenate[RawRequest, P], R],
    ) -> Callable[Concatenate[RawRequest, P], R]:
        @wraps(read)
        def reading(request: RawRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return read(request, *args, **kwargs)
            except InvalidRequest as error:
                raise _told(error, request.body, own) from error.__cause__

        return reading

    return wrapped


def _told(error: InvalidRequest, body: bytes, own: Shape) -> InvalidRequest:
    place = _PLACE.match(error.path or "")
    if place is None:
        return error
    try:
        asked = _ASKED.decode(body)
    except msgspec.DecodeError:  # behind the fault that was found is a worse one
        return error
    if place[1]:
        form, other = own.tool, _tool_of(asked.tools, int(place[1]))
    else:
        form, other = own.choice, _choice_of(asked.tool_choice)
    if other is None or other is own:
        return error
    why = f"this is in the form of {other.api}; here, in {own.api}, it must be {form}"
    return InvalidRequest(why, path=place[0])


def _tool_of(tools: list[Any], index: int) -> Shape | None:
    tool = tools[index] if index < len(tools) else None
    fields: Mapping[str, Any] = tool if isinstance(tool, dict) else {}
    return next((shape for field, shape in _BY_FIELD.items() if field in fields), None)


def _choice_of(choice: Any) -> Shape | None:
    match choice:
        case {"type": "auto" | "any" | "none" | "tool"}:
            return ANTHROPIC
        case {"function": _}:
            return CHAT
        case {"type": "function", "name": _}:
            return RESPONSES
        case "auto" | "required" | "none":
            return CHAT
        case _:
            return None
