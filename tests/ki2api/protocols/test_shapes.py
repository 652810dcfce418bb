"""A tool in the form of another API is told so, with the form that is wanted here."""

from collections.abc import Callable
from typing import Any

import pytest

from ki2api.errors import InvalidRequest
from ki2api.protocols import ClientProtocol, RawRequest, shapes
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_responses import OPENAI_RESPONSES

Ask = Callable[..., RawRequest]
DIALECTS: dict[str, ClientProtocol] = {
    "anthropic": ANTHROPIC,
    "chat": OPENAI_CHAT,
    "responses": OPENAI_RESPONSES,
}
OWN = {"anthropic": shapes.ANTHROPIC, "chat": shapes.CHAT, "responses": shapes.RESPONSES}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION = {"name": "f", "description": "d", "parameters": SCHEMA}
TOOLS: dict[str, dict[str, Any]] = {
    "anthropic": {"name": "f", "description": "d", "input_schema": SCHEMA},
    "chat": {"type": "function", "function": FUNCTION},
    "responses": {"type": "function", **FUNCTION},
    "mcp": {"name": "f", "description": "d", "inputSchema": SCHEMA},
}
CHOICES: dict[str, list[Any]] = {
    "anthropic": [{"type": "any"}, {"type": "tool", "name": "f"}],
    "chat": [{"type": "function", "function": {"name": "f"}}],
    "responses": [{"type": "function", "name": "f"}],
}
TURN = {"role": "user", "content": "hi"}


def body(tools: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "max_tokens": 5,
        "messages": [TURN],
        "input": [TURN],
        "tools": tools,
    } | more


def refusal(own: str, request: RawRequest) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        DIALECTS[own].decode(request)
    return refused.value


def foreign(*, choices: bool) -> list[Any]:
    forms: dict[str, list[Any]] = CHOICES if choices else {k: [v] for k, v in TOOLS.items()}
    return [
        pytest.param(own, other, form, id=f"{other} to {own}: {form}")
        for own in DIALECTS
        for other, written in forms.items()
        for form in written
        if other != own
    ]


@pytest.mark.parametrize(("own", "other", "tool"), foreign(choices=False))
def test_a_tool_of_another_api_is_told_by_its_form(
    ask: Ask, own: str, other: str, tool: dict[str, Any]
) -> None:
    error = refusal(own, ask(body([TOOLS[own], tool])))

    assert error.path == "tools[1]"
    of = "the Model Context Protocol" if other == "mcp" else OWN[other].api
    assert error.detail == (
        f"this is in the form of {of}; here, in {OWN[own].api}, it must be {OWN[own].tool}"
    )


@pytest.mark.parametrize(("own", "other", "choice"), foreign(choices=True))
def test_and_so_is_a_choice_of_one(ask: Ask, own: str, other: str, choice: Any) -> None:
    error = refusal(own, ask(body([TOOLS[own]], tool_choice=choice)))

    assert error.path == "tool_choice"
    assert f"in the form of {OWN[other].api}; " in error.detail
    assert error.detail.endswith(f"it must be {OWN[own].choice}")


def test_a_word_is_a_choice_of_openais_apis(ask: Ask) -> None:
    error = refusal("anthropic", ask(body([TOOLS["anthropic"]], tool_choice="required")))
    assert "in the form of OpenAI Chat Completions; " in error.detail


@pytest.mark.parametrize(
    ("own", "more", "message"),
    [
        ("chat", {"tools": ["f"]}, "tools[0]: Expected object, got string"),
        ("chat", {"tools": [{"name": "f"}]}, "tools[0].type: Field required"),
        ("chat", {"tools": [{"function": FUNCTION}]}, "tools[0].type: Field required"),
        ("anthropic", {"tools": [{"name": "f"}]}, "tools[0].input_schema: Field required"),
        ("responses", {"tools": [FUNCTION]}, "tools[0].type: Field required"),
        ("anthropic", {"tool_choice": {"type": "tool"}}, "tool_choice.name: Field required"),
        ("chat", {"tool_choice": 3}, "tool_choice: Expected string or object or null, got integer"),
    ],
)
def test_what_is_of_no_other_form_is_told_as_ever(
    ask: Ask, own: str, more: dict[str, Any], message: str
) -> None:
    assert refusal(own, ask(body([]) | more)).message == message


@pytest.mark.parametrize("end", [b"", b', "tools": []}', b', "tools": 3}'])
def test_what_cannot_be_looked_at_again_is_told_as_ever(ask: Ask, end: bytes) -> None:
    request = ask(b'{"model": "m", "tools": [{"input_schema": {}}]' + end)
    assert refusal("chat", request).message == "tools[0].type: Field required"


def test_a_custom_tool_with_a_schema_is_anthropics(ask: Ask) -> None:
    tool = {"type": "custom", **TOOLS["anthropic"]}
    error = refusal("responses", ask(body([tool])))
    assert error.path == "tools[0]"
    assert "the Anthropic Messages API" in error.message
    free = {"type": "custom", "name": "f", "description": 'Write {"input_schema": {}}.'}
    OPENAI_RESPONSES.decode(ask(body([free])))
