"""Requests of Chat Completions."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ki2api.conversation import (
    Conversation,
    Metadata,
    ReplyFormat,
    Sampling,
    TextPart,
    Thinking,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
    Turn,
    WebSearch,
)
from ki2api.errors import InvalidRequest
from ki2api.protocols import Delivery, RawRequest
from ki2api.protocols.openai_chat import OPENAI_CHAT

Ask = Callable[..., RawRequest]
SCHEMA_AT = "response_format.json_schema.schema"
HI = {"role": "user", "content": "hi"}


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "gpt-x", "messages": [HI], **fields}


def conversation(request: RawRequest, *, drop: bool = False) -> Conversation:
    return OPENAI_CHAT.decode(request, drop_unknown=drop)[0]


def function(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def test_the_least_request_is_a_conversation(ask: Ask) -> None:
    assert OPENAI_CHAT.decode(ask(body())) == (
        Conversation(
            "gpt-x",
            (Turn("user", (TextPart("hi", "messages[0].content"),), "messages[0]"),),
            thinking=Thinking(display="summarized"),
        ),
        Delivery("f10e", "gpt-x", 1_790_000_000),
    )


@pytest.mark.parametrize("missing", ["model", "messages"])
def test_a_missing_field_is_told(ask: Ask, missing: str) -> None:
    asked = body()
    del asked[missing]
    with pytest.raises(InvalidRequest) as refused:
        conversation(ask(asked))
    assert refused.value.message == f"{missing}: Field required"


@pytest.mark.parametrize(
    ("options", "include"), [(None, False), ({}, False), ({"include_usage": True}, True)]
)
def test_a_stream_may_bring_its_usage(
    ask: Ask, options: dict[str, Any] | None, *, include: bool
) -> None:
    delivery = OPENAI_CHAT.decode(ask(body(stream=True, stream_options=options)))[1]
    assert (delivery.stream, delivery.include_usage) == (True, include)


def test_every_role_finds_its_place(ask: Ask) -> None:
    asked = body(
        messages=[
            {"role": "system", "content": "one"},
            {"role": "developer", "content": [{"type": "text", "text": "two"}], "name": "me"},
            HI,
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "function": {"name": "ls", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "a.txt", "cache_control": {}},
            {"role": "system", "content": "three"},
        ]
    )
    found = conversation(ask(asked))
    assert found.system == (
        TextPart("one", "messages[0].content"),
        TextPart("two", "messages[1].content[0]"),
    )
    assert found.turns == (
        Turn("user", (TextPart("hi", "messages[2].content"),), "messages[2]"),
        Turn(
            "assistant",
            (ToolCallPart("c1", "ls", "{}", "messages[3].tool_calls[0]"),),
            "messages[3]",
        ),
        Turn(
            "user",
            (ToolResultPart("c1", (TextPart("a.txt", "messages[4].content"),), at="messages[4]"),),
            "messages[4]",
        ),
        Turn("user", (TextPart("three", "messages[5].content"),), "messages[5]"),
    )


def test_tools_are_read_with_their_schemas_as_they_came(ask: Ask) -> None:
    parameters = {"type": "object", "required": []}
    described = {"name": "ls", "description": "List.", "parameters": parameters, "strict": True}
    bare = {"type": "function", "function": {"name": "cd", "parameters": None}}
    tools = [{"type": "function", "function": described}, function("pwd"), bare]
    found = conversation(ask(body(tools=tools))).tools
    assert [(tool.name, tool.description, bytes(tool.schema), tool.at) for tool in found] == [
        ("ls", "List.", b'{"type":"object","required":[]}', "tools[0]"),
        ("pwd", "", b'{"type":"object","properties":{}}', "tools[1]"),
        ("cd", "", b'{"type":"object","properties":{}}', "tools[2]"),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ToolChoice()),
        ({"tool_choice": "auto"}, ToolChoice("auto")),
        ({"tool_choice": "none"}, ToolChoice("none")),
        ({"tool_choice": "required", "parallel_tool_calls": True}, ToolChoice("any")),
        (
            {"tool_choice": function("ls"), "parallel_tool_calls": False},
            ToolChoice("named", "ls", parallel=False),
        ),
    ],
)
def test_every_choice_of_tools_is_understood(
    ask: Ask, fields: dict[str, Any], expected: ToolChoice
) -> None:
    assert conversation(ask(body(**fields))).tool_choice == expected


@pytest.mark.parametrize(("mode", "expected"), [("auto", "auto"), ("required", "any")])
def test_only_allowed_tools_are_offered(ask: Ask, mode: str, expected: str) -> None:
    allowed = {"mode": mode, "tools": [function("ls"), {"type": "mcp"}]}
    asked = body(
        tools=[function("pwd"), function("ls")],
        tool_choice={"type": "allowed_tools", "allowed_tools": allowed},
    )
    found = conversation(ask(asked))
    assert found.tool_choice == ToolChoice(expected)  # type: ignore[arg-type] # from a parameter
    assert [(tool.name, tool.at) for tool in found.tools] == [("ls", "tools[1]")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 7}, Sampling(7)),
        ({"max_tokens": 7, "max_completion_tokens": 8}, Sampling(8)),
        ({"temperature": 0, "top_p": 0.5, "stop": "END"}, Sampling(None, 0.0, 0.5, ("END",))),
        ({"stop": ["A", "B"]}, Sampling(stop=("A", "B"))),
    ],
)
def test_sampling_is_passed_on(ask: Ask, fields: dict[str, Any], expected: Sampling) -> None:
    assert conversation(ask(body(**fields))).sampling == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, ReplyFormat()),
        ({"type": "text"}, ReplyFormat()),
        ({"type": "json_object"}, ReplyFormat("json", at="response_format")),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "p", "description": "P.", "schema": {"a": 1}},
            },
            ReplyFormat("json-schema", "p", "P.", msgspec.Raw(b'{"a":1}'), SCHEMA_AT),
        ),
        (
            {"type": "json_schema", "json_schema": {"name": "p", "strict": True}},
            ReplyFormat("json-schema", "p", at=SCHEMA_AT),
        ),
    ],
)
def test_a_format_of_the_reply_is_read(
    ask: Ask, asked: dict[str, Any] | None, expected: ReplyFormat
) -> None:
    assert conversation(ask(body(response_format=asked))).reply_format == expected


def test_tools_may_be_strict(ask: Ask) -> None:
    tools = [
        {"type": "function", "function": {"name": "ls", "strict": strict}}
        for strict in (True, None)
    ]
    assert [tool.strict for tool in conversation(ask(body(tools=tools))).tools] == [True, False]


@pytest.mark.parametrize(
    ("effort", "expected"),
    [
        (None, Thinking(display="summarized")),
        ("none", Thinking(enabled=False)),
        ("high", Thinking(enabled=True, effort="high", display="summarized")),
    ],
)
def test_effort_is_passed_on(ask: Ask, effort: str | None, expected: Thinking) -> None:
    assert conversation(ask(body(reasoning_effort=effort))).thinking == expected


def test_an_unknown_effort_is_refused_by_its_place(ask: Ask) -> None:
    with pytest.raises(InvalidRequest, match="must be one of none, minimal, low") as refused:
        conversation(ask(body(reasoning_effort="huge")))
    assert refused.value.path == "reasoning_effort"


@pytest.mark.parametrize(
    ("fields", "headers", "expected"),
    [
        ({"user": "u"}, {}, Metadata("u")),
        ({"user": "u", "safety_identifier": "s"}, {}, Metadata("s")),
        ({"prompt_cache_key": "k"}, {}, Metadata(session="k")),
        ({"prompt_cache_key": "k"}, {"x_session_affinity": "a"}, Metadata(session="a")),
    ],
)
def test_user_and_session_are_found(
    ask: Ask, fields: dict[str, Any], headers: dict[str, str], expected: Metadata
) -> None:
    assert conversation(ask(body(**fields), **headers)).metadata == expected


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": []}, "messages: at least one message besides the system's is required"),
        ({"n": 2}, "n: only one choice is supported"),
        ({"logprobs": True}, "logprobs: log probabilities are not supported"),
        ({"top_logprobs": 3}, "top_logprobs: log probabilities are not supported"),
        ({"modalities": ["text", "audio"]}, "modalities: only text is supported"),
        ({"audio": {"voice": "x"}}, "audio: audio is not supported"),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema: Field required",
        ),
        (
            {"response_format": {"type": "grammar"}},
            "response_format.type: Invalid enum value 'grammar'",
        ),
        ({"max_tokens": -1}, "max_tokens: must be at least 1"),
        ({"max_completion_tokens": 0}, "max_completion_tokens: must be at least 1"),
        ({"stop": ""}, "stop: a stop string must not be empty"),
        ({"stop": ["a", ""]}, "stop[1]: a stop string must not be empty"),
        ({"stop": ["a"] * 65}, "stop: at most 64 stop strings are taken"),
        ({"functions": [{"name": "f"}]}, "functions: use tools: functions are not supported"),
        ({"function_call": "auto"}, "function_call: use tool_choice: functions are not supported"),
        ({"moderation": {}}, "moderation: moderation is not supported"),
        (
            {"messages": [{"role": "function", "name": "f", "content": "x"}]},
            "messages[0]: use tool messages: functions are not supported",
        ),
        ({"messages": [{"role": "bot"}]}, "messages[0].role: Invalid value 'bot'"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "messages[0].content[0]: content of type 'input_audio' is not supported",
        ),
        ({"tools": [{"type": "custom"}]}, "tools[0]: a tool of type 'custom' is not supported"),
        ({"tools": [{"type": "function"}]}, "tools[0].function: Field required"),
        (
            {"tool_choice": {"type": "custom", "custom": {"name": "f"}}},
            "tool_choice: this choice of a tool is not supported",
        ),
        ({"tool_choice": "some"}, "tool_choice: Invalid enum value 'some'"),
    ],
)
def test_what_cannot_be_served_is_refused_by_its_path(
    ask: Ask, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        conversation(ask(body(**fields)))
    assert refused.value.message == message


def test_a_field_that_asks_for_nothing_is_not_refused(ask: Ask) -> None:
    asked = body(
        n=1,
        logprobs=False,
        top_logprobs=0,
        modalities=["text"],
        response_format={"type": "text"},
        functions=[],
        audio=None,
        store=False,
        presence_penalty=0,
    )
    assert conversation(ask(asked)).not_honoured == ()


def test_what_has_no_effect_is_named(ask: Ask) -> None:
    asked = body(seed=0, store=True, presence_penalty=0.1, logit_bias={"1": 1}, verbosity="low")
    assert conversation(ask(asked)).not_honoured == (
        "logit_bias",
        "presence_penalty",
        "seed",
        "store",
        "verbosity",
    )


def test_unknown_content_and_tools_are_left_out_where_asked(ask: Ask) -> None:
    asked = body(
        messages=[
            {"role": "user", "content": [{"type": "input_audio"}, {"type": "text", "text": "hi"}]}
        ],
        tools=[{"type": "custom"}, function("ls")],
    )
    found = conversation(ask(asked), drop=True)
    assert found.turns[0].parts == (TextPart("hi", "messages[0].content[1]"),)
    assert [tool.name for tool in found.tools] == ["ls"]
    assert found.not_honoured == ("messages[0].content[0]", "tools[0]")


def test_the_web_may_be_searched(ask: Ask) -> None:
    plain = conversation(ask(body(web_search_options={})))
    assert plain.web_search == WebSearch(at="web_search_options")
    assert plain.not_honoured == ()
    options = {"search_context_size": "high", "user_location": {"type": "approximate"}}
    assert conversation(ask(body(web_search_options=options))).not_honoured == (
        "web_search_options.search_context_size",
        "web_search_options.user_location",
    )
    assert conversation(ask(body(web_search_options=None))).web_search is None
