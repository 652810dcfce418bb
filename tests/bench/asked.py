"""The requests of the benchmark, in each dialect of a client."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.bench.loads import Dialect, Load

PATHS: Mapping[Dialect, str] = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "responses": "/v1/responses",
}
MODEL = "claude-sonnet-4.5"
VARIANTS = 16
"""Conversations that a load goes around in, so that accounts take turns as in life."""
_MAX_TOKENS = 32_000  # as Claude Code asks for
_SYSTEM = "You are a helpful assistant. Answer in short sentences."
_BIG_TOOLS, _BIG_MESSAGES, _BIG_BYTES = 24, 60, 120_000
_SENTENCE = "The function reads the file, splits it into lines and counts those that match. "


class Tool(msgspec.Struct, frozen=True):
    """A tool in no dialect yet."""

    name: str
    about: str
    schema: Mapping[str, Any]


class Asked(msgspec.Struct, frozen=True):
    """A conversation in no dialect yet; user and assistant take turns, the user begins."""

    texts: tuple[str, ...]
    tools: tuple[Tool, ...] = ()
    stream: bool = True


def tools(count: int) -> tuple[Tool, ...]:
    """Make tools as agents have them."""
    text = {"type": "string", "description": "The text to look for, as a regular expression."}
    schema = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The absolute path of the file."},
            "text": text,
            "limit": {"type": "integer", "description": "The most results to give."},
            "kinds": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        },
        "required": ["path", "text"],
    }
    about = "Works on a file of the project. " + _SENTENCE * 8
    first = Tool("write_file", about, schema)
    return (first, *(Tool(f"tool_number_{number}", about, schema) for number in range(1, count)))


def asked_by(load: Load, variant: int) -> Asked:
    """Make the conversation of a load."""
    last = f"Question {variant}: what does it do? {load.marker}"
    if load.body == "big":
        held = tools(_BIG_TOOLS)
        size = (_BIG_BYTES - len(msgspec.json.encode(held))) // _BIG_MESSAGES
        return Asked((*history(_BIG_MESSAGES, size), last), held, load.stream)
    return Asked((last,), tools(1) if load.unit == "tool" else (), load.stream)


def history(messages: int, size: int) -> tuple[str, ...]:
    """Make an even number of earlier messages, of so many bytes each."""
    return tuple(
        (f"Message {number}. " + _SENTENCE * (size // len(_SENTENCE) + 1))[:size]
        for number in range(messages // 2 * 2)
    )


def written(asked: Asked, dialect: Dialect, model: str = MODEL) -> bytes:
    """Write the body of a request."""
    write = {"openai": _openai, "anthropic": _anthropic, "responses": _responses}[dialect]
    return msgspec.json.encode({"model": model, "stream": asked.stream, **write(asked)})


def _turns(asked: Asked) -> list[dict[str, Any]]:
    return [
        {"role": "assistant" if number % 2 else "user", "content": text}
        for number, text in enumerate(asked.texts)
    ]


def _openai(asked: Asked) -> dict[str, Any]:
    functions = [
        {
            "type": "function",
            "function": {"name": each.name, "description": each.about, "parameters": each.schema},
        }
        for each in asked.tools
    ]
    messages = [{"role": "system", "content": _SYSTEM}, *_turns(asked)]
    return {"messages": messages, **({"tools": functions} if functions else {})}


def _anthropic(asked: Asked) -> dict[str, Any]:
    listed = [
        {"name": each.name, "description": each.about, "input_schema": each.schema}
        for each in asked.tools
    ]
    body = {"max_tokens": _MAX_TOKENS, "system": _SYSTEM, "messages": _turns(asked)}
    return {**body, **({"tools": listed} if listed else {})}


def _responses(asked: Asked) -> dict[str, Any]:
    functions = [
        {
            "type": "function",
            "name": each.name,
            "description": each.about,
            "parameters": each.schema,
            "strict": False,
        }
        for each in asked.tools
    ]
    body = {"instructions": _SYSTEM, "input": _turns(asked), "store": False}
    return {**body, **({"tools": functions} if functions else {})}


def request(
    body: bytes, dialect: Dialect, headers: Mapping[str, str] | None = None, path: str = ""
) -> bytes:
    """Write a whole request of HTTP/1.1."""
    fields = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "accept": "*/*",
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {path or PATHS[dialect]} HTTP/1.1\r\n{head}\r\n".encode() + body
