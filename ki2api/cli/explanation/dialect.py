"""Which dialect a request is written in, told by its own fields."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from ki2api.protocols import ClientProtocol
from ki2api.protocols.registry import DIALECTS

ANTHROPIC, CHAT, RESPONSES = "anthropic", "openai-chat", "openai-responses"
PATHS = {ANTHROPIC: "/v1/messages", CHAT: "/v1/chat/completions", RESPONSES: "/v1/responses"}
"""Where the requests of a dialect are usually sent."""
Body: TypeAlias = Mapping[str, Any]
Clue: TypeAlias = Callable[[Body], str | None]
"""Names what it found in a body, or nothing."""


def has(*names: str) -> Clue:
    """Look for fields at the top."""
    return lambda body: next((f"the field {name!r}" for name in names if name in body), None)


def has_tool_with(name: str) -> Clue:
    """Look for a field of a tool."""
    return lambda body: _first(
        f"a tool with {name!r}" for tool in _objects(body.get("tools")) if name in tool
    )


def has_role(*names: str) -> Clue:
    """Look for messages of these roles."""
    return lambda body: _first(
        f"a message of the role {role!r}"
        for message in _objects(body.get("messages"))
        if (role := message.get("role")) in names
    )


def has_block(*names: str) -> Clue:
    """Look for content of these types."""
    return lambda body: _first(
        f"content of type {kind!r}"
        for message in _objects(body.get("messages"))
        for block in _objects(message.get("content"))
        if (kind := block.get("type")) in names
    )


# In this order: the surest first.
CLUES: tuple[tuple[str, Clue], ...] = (
    (RESPONSES, has("input", "previous_response_id")),
    (ANTHROPIC, has("system", "stop_sequences", "anthropic_version", "thinking")),
    (ANTHROPIC, has_tool_with("input_schema")),
    (ANTHROPIC, has_block("tool_use", "tool_result", "image", "document", "thinking")),
    (CHAT, has_tool_with("function")),
    (CHAT, has_role("system", "developer", "tool", "function")),
    (CHAT, has_block("image_url", "input_audio", "file")),
    (CHAT, has("max_completion_tokens", "stream_options", "response_format", "n", "stop")),
    (ANTHROPIC, has("max_tokens")),
)


def read_as(content: bytes) -> tuple[str, ClientProtocol, str]:
    """Guess a dialect: its name, itself, and what told it."""
    try:
        body = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = {}
    for name, clue in CLUES:
        if name in DIALECTS and (found := clue(body)):
            return name, DIALECTS[name], f"guessed by {found}"
    return CHAT, DIALECTS[CHAT], "guessed: nothing in it tells the dialects apart"


def _objects(value: object) -> Iterable[Body]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _first(found: Iterable[str]) -> str | None:
    return next(iter(found), None)
