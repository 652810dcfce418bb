"""Requests of the Messages API."""

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
from ki2api.errors import InvalidRequest, ThreadNotFound
from ki2api.protocols import Delivery, RawRequest
from ki2api.protocols.anthropic import ANTHROPIC, decode_count

Ask = Callable[..., RawRequest]
HI = {"role": "user", "content": "hi"}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
FETCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_fetch", "input": {}}


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "claude-x", "max_tokens": 9, "messages": [HI], **fields}


def conversation(request: RawRequest, *, drop: bool = False) -> Conversation:
    return ANTHROPIC.decode(request, drop_unknown=drop)[0]


def test_the_least_request_is_a_conversation(ask: Ask) -> None:
    assert ANTHROPIC.decode(ask(body())) == (
        Conversation(
            "claude-x",
            (Turn("user", (TextPart("hi", "messages[0].content"),), "messages[0]"),),
            sampling=Sampling(max_tokens=9),
        ),
        Delivery("f10e", "claude-x", 1_790_000_000),
    )


@pytest.mark.parametrize("missing", ["model", "messages", "max_tokens"])
def test_a_missing_field_is_told_as_anthropic_does(ask: Ask, missing: str) -> None:
    asked = body()
    del asked[missing]
    with pytest.raises(InvalidRequest) as refused:
        conversation(ask(asked))
    assert refused.value.message == f"{missing}: Field required"


def test_counting_needs_no_limit(ask: Ask) -> None:
    asked = body(system="be kind")
    del asked["max_tokens"]
    assert decode_count(ask(asked)).system == (TextPart("be kind", "system"),)


def test_a_stream_is_asked_for(ask: Ask) -> None:
    assert ANTHROPIC.decode(ask(body(stream=True)))[1].stream


def test_system_texts_come_from_their_field_and_from_opening_messages(ask: Ask) -> None:
    asked = body(
        system=[{"type": "text", "text": "one"}, {"type": "text", "text": "two"}],
        messages=[
            {"role": "system", "content": "three"},
            HI,
            {"role": "system", "content": [{"type": "text", "text": "four"}]},
            {"role": "assistant", "content": "hello"},
        ],
    )
    found = conversation(ask(asked))
    assert found.system == (
        TextPart("one", "system[0]"),
        TextPart("two", "system[1]"),
        TextPart("three", "messages[0].content"),
    )
    assert [(turn.role, turn.at) for turn in found.turns] == [
        ("user", "messages[1]"),
        ("user", "messages[2]"),
        ("assistant", "messages[3]"),
    ]


def test_tools_are_read_with_their_schemas_as_they_came(ask: Ask) -> None:
    tools = [
        {"name": "ls", "description": "List.", "input_schema": {"type": "object"}, "strict": True},
        {"type": "custom", "name": "cd", "input_schema": {}, "defer_loading": True},
    ]
    found = conversation(ask(body(tools=tools))).tools
    assert [(tool.name, tool.description, bytes(tool.schema), tool.at) for tool in found] == [
        ("ls", "List.", b'{"type":"object"}', "tools[0]"),
        ("cd", "", b"{}", "tools[1]"),
    ]
    assert [tool.strict for tool in found] == [True, False]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ToolChoice()),
        ({"type": "auto"}, ToolChoice("auto")),
        ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice("any", parallel=False)),
        ({"type": "none"}, ToolChoice("none")),
        ({"type": "tool", "name": "ls"}, ToolChoice("named", "ls")),
    ],
)
def test_every_choice_of_tools_is_understood(
    ask: Ask, choice: dict[str, Any] | None, expected: ToolChoice
) -> None:
    assert conversation(ask(body(tool_choice=choice))).tool_choice == expected


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
            "output_config.format",
        ),
        ({"output_format": {"type": "json_schema", "schema": {}}}, "output_format"),
    ],
)
def test_a_format_of_the_reply_is_read(ask: Ask, fields: dict[str, Any], at: str) -> None:
    found = conversation(ask(body(**fields))).reply_format
    assert found == ReplyFormat("json-schema", schema=msgspec.Raw(b"{}"), at=f"{at}.schema")
    assert conversation(ask(body())).reply_format == ReplyFormat()


def test_a_later_message_may_change_the_format(ask: Ask) -> None:
    form = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    config = {"format": {"type": "json_schema", "schema": {}}}
    later = {"role": "system", "content": "JSON now.", "output_config": form}
    effort = {"role": "system", "output_config": {"effort": "low"}}
    found = conversation(ask(body(messages=[HI, later, effort], output_config=config)))
    schema, at = msgspec.Raw(b'{"type":"object"}'), "messages[1].output_config.format.schema"
    assert found.reply_format == ReplyFormat("json-schema", schema=schema, at=at)


def test_sampling_is_passed_on(ask: Ask) -> None:
    asked = body(temperature=0.5, top_p=1, stop_sequences=["END"])
    assert conversation(ask(asked)).sampling == Sampling(9, 0.5, 1.0, ("END",))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2000}},
            Thinking(enabled=True, budget=2000),
        ),
        ({"thinking": {"type": "adaptive"}}, Thinking(enabled=True)),
        ({"thinking": {"type": "between_tools"}}, Thinking(enabled=True)),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 9, "display": "omitted"}},
            Thinking(enabled=True, budget=9, display="omitted"),
        ),
        (
            {"thinking": {"type": "adaptive", "display": "summarized"}},
            Thinking(enabled=True, display="summarized"),
        ),
        ({"thinking": {"type": "adaptive", "display": "updates"}}, Thinking(enabled=True)),
        ({"thinking": {"type": "disabled"}}, Thinking(enabled=False)),
        ({"output_config": {"effort": "low"}}, Thinking(effort="low")),
        (
            {
                "output_config": {"effort": "low"},
                "messages": [HI, {"role": "system", "output_config": {"effort": "max"}}],
            },
            Thinking(effort="max"),
        ),
    ],
)
def test_thinking_and_effort_are_passed_on(
    ask: Ask, fields: dict[str, Any], expected: Thinking
) -> None:
    assert conversation(ask(body(**fields))).thinking == expected


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        (
            {"messages": [HI, {"role": "system", "output_config": {"effort": "huge"}}]},
            "messages[1].output_config.effort",
        ),
    ],
)
def test_an_unknown_effort_is_refused_by_its_place(
    ask: Ask, fields: dict[str, Any], at: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        conversation(ask(body(**fields)))
    assert refused.value.path == at


@pytest.mark.parametrize(
    ("user_id", "session"),
    [
        ("someone", None),
        ("user_1_account_2_session_3-4", "3-4"),
        ('{"device_id":"d","session_id":"3-4"}', "3-4"),
        ('{"device_id":"d"}', None),
        ('{"session_id":7}', None),
        ('{"a":' + "[" * 100_000, None),
        ("{", None),
    ],
)
def test_the_session_is_found_in_the_user_id(ask: Ask, user_id: str, session: str | None) -> None:
    found = conversation(ask(body(metadata={"user_id": user_id}))).metadata
    assert found == Metadata(user_id, session)


def test_a_session_header_comes_first(ask: Ask) -> None:
    asked = body(metadata={"user_id": "u_session_b"})
    found = conversation(ask(asked, x_claude_code_session_id="a")).metadata
    assert found == Metadata("u_session_b", "a")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": []}, "messages: at least one message besides the system's is required"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name: Field required"),
        ({"tools": [{"name": "ls"}]}, "tools[0].input_schema: Field required"),
        (
            {"tools": [{"name": "ls", "input_schema": None}]},
            "tools[0].input_schema: Field required",
        ),
        (
            {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]},
            "tools[0]: a tool of type 'web_fetch_20250910' is not supported",
        ),
        (
            {"tools": [SEARCH, SEARCH]},
            "tools[1]: there can be one web search",
        ),
        (
            {"tools": [{**SEARCH, "allowed_domains": ["a.com"], "blocked_domains": ["b.com"]}]},
            "tools[0].blocked_domains: use either allowed_domains or blocked_domains",
        ),
        ({"tools": [{**SEARCH, "max_uses": 0}]}, "tools[0].max_uses: Expected integer >= 1"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name: Field required"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type: Invalid enum value 'some'"),
        (
            {"mcp_servers": [{"type": "url"}]},
            "mcp_servers: MCP servers are not supported: connect them in your client",
        ),
        (
            {"output_config": {"format": {"type": "json_schema"}}},
            "output_config.format.schema: Field required",
        ),
        (
            {"output_format": {"type": "grammar", "schema": {}}},
            "output_format.type: Invalid enum value 'grammar'",
        ),
        ({"max_tokens": 0}, "max_tokens: must be at least 1"),
        (
            {"stop_sequences": ["a", ""]},
            "stop_sequences[1]: a stop string must not be empty",
        ),
        (
            {"messages": [HI, {"role": "assistant", "content": [FETCH]}]},
            "messages[1].content[0]: content of this type is not supported here",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "container_upload"}]}]},
            "messages[0].content[0]: content of type 'container_upload' is not supported",
        ),
        (
            {"messages": [{"role": "tool", "content": "hi"}]},
            "messages[0].role: Invalid enum value 'tool'",
        ),
    ],
)
def test_what_cannot_be_served_is_refused_by_its_path(
    ask: Ask, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        conversation(ask(body(**fields)))
    assert refused.value.message == message


def test_a_new_thread_is_an_ordinary_request(ask: Ask) -> None:
    assert conversation(ask(body(thread={"type": "create"}))).not_honoured == ()


def test_a_thread_cannot_be_continued(ask: Ask) -> None:
    thread = {"type": "continue", "previous_message_id": "msg_1"}
    with pytest.raises(ThreadNotFound) as refused:
        conversation(ask(body(thread=thread)))
    assert refused.value.path == "thread"


def test_what_has_no_effect_is_named(ask: Ask) -> None:
    asked = body(
        top_k=3,
        speed="standard",
        fallbacks=[],
        service_tier="auto",
        context_management={"edits": []},
        output_config={"task_budget": {"type": "tokens", "total": 9}},
        thinking={"type": "between_tools", "display": "updates"},
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {}}]},
            {"role": "system", "content": "soon gone", "clear_at": "next_user_message"},
            {
                "role": "system",
                "content": "here to stay",
                "clear_at": "never",
                "output_config": {"task_budget": {"type": "tokens", "total": 5}},
            },
        ],
    )
    assert conversation(ask(asked)).not_honoured == (
        "context_management",
        "service_tier",
        "top_k",
        "output_config.task_budget",
        "messages[2].output_config.task_budget",
        "thinking.display",
        "thinking.type",
        "messages[1].clear_at",
        "cache_control",
    )


def test_words_about_cache_control_are_no_mark(ask: Ask) -> None:
    asked = body(messages=[{"role": "user", "content": 'what is {"cache_control": {}}?'}])
    assert conversation(ask(asked)).not_honoured == ()


def test_the_web_search_is_no_ordinary_tool(ask: Ask) -> None:
    tool = {
        **SEARCH,
        "max_uses": 3,
        "allowed_domains": ["a.com"],
        "user_location": {"city": "Rome"},
    }
    found = conversation(ask(body(tools=[{"name": "ls", "input_schema": {}}, tool])))
    assert found.web_search == WebSearch("web_search", 3, ("a.com",), (), "tools[1]")
    assert [each.name for each in found.tools] == ["ls"]
    assert found.not_honoured == ("tools[1].user_location",)
    newer = {"type": "web_search_20260318", "blocked_domains": ["b.com"], "allowed_domains": []}
    assert conversation(ask(body(tools=[newer]))).web_search == WebSearch(
        blocked_domains=("b.com",), at="tools[0]"
    )


def test_a_search_of_an_earlier_turn_is_answered_from_the_other_side(ask: Ask) -> None:
    call = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
    said = [{"type": "text", "text": "I look."}, call, result, {"type": "text", "text": "So."}]
    asked = body(messages=[HI, {"role": "assistant", "content": said}, HI])
    turns = conversation(ask(asked)).turns
    assert [turn.role for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    assert [turn.at for turn in turns[1:4]] == ["messages[1]"] * 3
    assert [type(part) for turn in turns[1:4] for part in turn.parts] == [
        TextPart,
        ToolCallPart,
        ToolResultPart,
        TextPart,
    ]


def test_unknown_content_and_tools_are_left_out_where_asked(ask: Ask) -> None:
    asked = body(
        messages=[
            {
                "role": "user",
                "content": [{"type": "container_upload"}, {"type": "text", "text": "hi"}],
            }
        ],
        tools=[{"type": "bash_20250124", "name": "bash"}, {"name": "ls", "input_schema": {}}],
    )
    found = conversation(ask(asked), drop=True)
    assert found.turns[0].parts == (TextPart("hi", "messages[0].content[1]"),)
    assert [tool.name for tool in found.tools] == ["ls"]
    assert found.not_honoured == ("messages[0].content[0]", "tools[0]")
    assert decode_count(ask(asked), drop_unknown=True) == found


def test_claude_codes_billing_line_stays_here_and_is_listed(ask: Ask) -> None:
    billing = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330.a19;"}
    asked = conversation(ask(body(system=[billing, {"text": "Be kind."}])))
    assert asked.system == (TextPart("Be kind.", "system[1]"),)
    assert asked.not_honoured == ("system[0]",)


def test_an_edit_of_the_context_that_clears_nothing_asks_for_nothing(ask: Ask) -> None:
    keep_all = {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}
    clear = {"edits": [{"type": "clear_tool_uses_20250919"}]}
    assert conversation(ask(body(context_management=keep_all))).not_honoured == ()
    asked = conversation(ask(body(context_management=clear)))
    assert asked.not_honoured == ("context_management",)
