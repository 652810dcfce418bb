"""Which tools the model is told of."""

from collections.abc import Callable
from typing import Any

import pytest

from ki2api.conversation import Conversation
from ki2api.errors import InvalidRequest
from ki2api.protocols import RawRequest
from ki2api.protocols.anthropic import ANTHROPIC

Ask = Callable[..., RawRequest]
SCHEMA = {"type": "object", "properties": {}}
SEARCH = {"name": "ToolSearch", "input_schema": SCHEMA}


def later(name: str) -> dict[str, Any]:
    return {"name": name, "input_schema": SCHEMA, "defer_loading": True}


def conversation(ask: Ask, tools: list[dict[str, Any]], *found: str) -> Conversation:
    call = {"type": "tool_use", "id": "toolu_1", "name": "ToolSearch", "input": {}}
    references = [{"type": "tool_reference", "tool_name": name} for name in found]
    content = [{"type": "text", "text": "Found:"}, *references]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result, {"type": "text", "text": "Tool loaded."}]},
    ]
    body = {"model": "claude-x", "max_tokens": 9, "messages": messages, "tools": tools}
    return ANTHROPIC.decode(ask(body))[0]


def told(found: Conversation) -> list[str]:
    return [tool.name for tool in found.told_tools]


def test_a_deferred_tool_waits_until_a_tool_result_names_it(ask: Ask) -> None:
    tools = [SEARCH, later("cron_list"), later("task_create")]
    assert told(conversation(ask, tools)) == ["ToolSearch"]
    assert told(conversation(ask, tools, "task_create")) == ["ToolSearch", "task_create"]


def test_a_name_that_no_tool_has_changes_nothing(ask: Ask) -> None:
    assert told(conversation(ask, [SEARCH, later("cron_list")], "gone")) == ["ToolSearch"]


def test_a_tool_says_that_it_is_not_deferred(ask: Ask) -> None:
    tools = [{**SEARCH, "defer_loading": False}]
    assert told(conversation(ask, tools)) == ["ToolSearch"]


def test_all_tools_cannot_be_deferred(ask: Ask) -> None:
    with pytest.raises(InvalidRequest, match="at least one tool") as refused:
        conversation(ask, [later("cron_list")])
    assert refused.value.path == "tools"


@pytest.mark.parametrize("kind", ["tool_search_tool_regex_20251119", "tool_search_tool_bm25"])
def test_with_anthropics_own_search_every_tool_is_told_from_the_start(ask: Ask, kind: str) -> None:
    found = conversation(ask, [{"type": kind, "name": "tool_search"}, later("cron_list")])
    assert told(found) == ["cron_list"]
    assert found.not_honoured == ("tools[0]",)


def changed(ask: Ask, *changes: dict[str, Any], tools: tuple[str, ...] = ("now",)) -> Conversation:
    messages = [{"role": "user", "content": "hi"}, {"role": "system", "content": [*changes]}]
    listed = [{"name": name, "input_schema": SCHEMA} for name in tools]
    body = {"model": "claude-x", "max_tokens": 9, "messages": messages}
    return ANTHROPIC.decode(ask({**body, "tools": [*listed, later("later")]}))[0]


def change(kind: str, **tool: Any) -> dict[str, Any]:
    return {"type": f"tool_{kind}", "tool": {"type": "tool_reference", **tool}}


def test_a_system_message_adds_a_tool_and_withdraws_one(ask: Ask) -> None:
    found = changed(ask, change("addition", name="later"), change("removal", name="now"))
    assert told(found) == ["later"]
    assert len(found.turns) == 1


def test_the_last_word_on_a_tool_counts(ask: Ask) -> None:
    found = changed(ask, change("removal", name="now"), change("addition", name="now"))
    assert told(found) == ["now"]


def test_a_message_may_bring_a_tool_whole(ask: Ask) -> None:
    tool = {"name": "fresh", "description": "new", "input_schema": SCHEMA}
    definition = {"type": "tool_definition", "definition": tool}
    found = changed(ask, {"type": "tool_addition", "tool": definition})
    assert told(found) == ["now", "fresh"]
    assert found.tools[-1].at == "messages[1].content[0].tool.definition"


def test_words_beside_a_change_are_kept(ask: Ask) -> None:
    found = changed(ask, {"type": "text", "text": "Mind this."}, change("removal", name="now"))
    assert len(found.turns) == 2


@pytest.mark.parametrize(
    ("tool", "path"),
    [
        ({"type": "mcp_toolset_reference", "server_name": "x"}, "messages[1].content[0].tool"),
        ({"type": "tool_reference"}, "messages[1].content[0].tool.name"),
    ],
)
def test_a_change_of_what_is_no_tool_of_the_clients_is_refused(
    ask: Ask, tool: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        changed(ask, {"type": "tool_addition", "tool": tool})
    assert refused.value.path == path
