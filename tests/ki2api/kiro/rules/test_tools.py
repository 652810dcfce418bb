from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ki2api.conversation import (
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
    Turn,
    WebSearch,
)
from ki2api.errors import InvalidRequest
from ki2api.kiro.compose import Limits
from ki2api.kiro.rules.tools import PLACEHOLDER

Hear = Callable[..., Any]
ASK = Turn("user", (TextPart("go"),))
OPEN = {"type": "object", "properties": {}}


def tool(name: str, description: str = "does it", schema: bytes = b"{}") -> Tool:
    return Tool(name, description, msgspec.Raw(schema), f"tools: {name}")


def call(name: str) -> Turn:
    return Turn("assistant", (ToolCallPart("1", name, "{}", "call"),))


def named(heard: Any) -> list[str]:
    return [spec["name"] for spec in heard.tools]


def test_a_plain_tool_passes_unchanged(hear: Hear) -> None:
    schema = b'{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}'
    heard = hear(ASK, tools=(tool("get", schema=schema),))
    assert heard.tools == [
        {
            "name": "get",
            "description": "does it",
            "inputSchema": {"json": msgspec.json.decode(schema)},
        }
    ]
    assert heard.rules == []


def test_a_tool_that_changes_its_name_is_recorded_by_its_rule(hear: Hear) -> None:
    names = ["x" * 65, "天气", "web_search", "get", "Get"]
    heard = hear(ASK, tools=tuple(map(tool, names)))
    assert heard.rules == ["T1", "T2", "T15", "T3"]
    assert [heard.composed.names.client(name) for name in named(heard)] == names


def test_a_tool_that_changes_its_name_says_how_it_is_spoken_of(hear: Hear) -> None:
    heard = hear(ASK, tools=(tool("web_search"), tool("天气", ""), tool("get")))
    assert [spec["description"] for spec in heard.tools] == [
        "Spoken of as 'web_search'.\n\ndoes it",
        "Spoken of as '天气'.\n\ntool___",
        "does it",
    ]


def test_a_search_that_no_stage_took_over_is_refused(hear: Hear) -> None:
    with pytest.raises(InvalidRequest) as refused:
        hear(ASK, web_search=WebSearch(at="tools[0]"))
    assert refused.value.message.startswith("tools[0]: the web is not searched")
    with pytest.raises(InvalidRequest, match="web-search"):
        hear(ASK, web_search=WebSearch())


def test_the_same_tool_twice_is_sent_once(hear: Hear) -> None:
    heard = hear(ASK, tools=(tool("get"), tool("get")))
    assert named(heard) == ["get"]
    assert heard.rules == ["T3"]


def test_two_tools_of_one_name_both_go_along(hear: Hear) -> None:
    heard = hear(ASK, tools=(tool("get"), tool("get", "does more")))
    assert [spec["description"] for spec in heard.tools] == ["does it", "does more"]
    assert [heard.composed.names.client(name) for name in named(heard)] == ["get", "get"]


def test_a_tool_without_a_description_is_described_by_its_name(hear: Hear) -> None:
    heard = hear(ASK, tools=(tool("get", " \n"), tool("put", "\0")))
    assert [spec["description"] for spec in heard.tools] == ["get", "put"]
    assert heard.rules == ["T4", "H19", "T4"]


def test_a_long_description_moves_whole_to_the_system_text(hear: Hear) -> None:
    heard = hear(
        ASK,
        system=(TextPart("Be kind."),),
        tools=(tool("get", "é" * 11),),
        limits=Limits(tool_description=10),
    )
    assert heard.turns[0]["content"] == f"Be kind.\n\n# Tool get\n\n{'é' * 11}\n\ngo"
    assert '"Tool get"' in heard.tools[0]["description"]
    assert heard.rules == ["T5"]


def test_a_tool_that_was_called_and_is_gone_has_a_stand_in(hear: Hear) -> None:
    heard = hear(ASK, call("old tool"), ASK, call("old tool"), tools=(tool("get"),))
    assert named(heard) == ["get", "old_tool"]
    assert heard.tools[1]["description"] == PLACEHOLDER
    assert heard.tools[1]["inputSchema"]["json"] == OPEN
    assert heard.turns[1]["toolUses"][0]["name"] == "old_tool"
    assert heard.rules.count("H12") == 1


def test_a_call_in_another_case_means_the_declared_tool(hear: Hear) -> None:
    heard = hear(ASK, call("GET"), tools=(tool("Get"),))
    assert named(heard) == ["Get"]
    assert heard.turns[1]["toolUses"][0]["name"] == "Get"


def test_tool_choice_none_leaves_only_what_the_history_needs(hear: Hear) -> None:
    none = ToolChoice("none")
    assert hear(ASK, tools=(tool("get"),), tool_choice=none).tools == []
    heard = hear(ASK, call("put"), tools=(tool("get"), tool("put")), tool_choice=none)
    assert named(heard) == ["put"]
    assert heard.composed.not_honoured == ("tool_choice",)


def test_there_are_only_so_many_tools(hear: Hear) -> None:
    many = tuple(tool(f"t{number}") for number in range(4))
    assert len(hear(ASK, tools=many[:3], limits=Limits(max_tools=3)).tools) == 3
    with pytest.raises(InvalidRequest, match="4 tools, the limit is 3") as caught:
        hear(ASK, tools=many, limits=Limits(max_tools=3))
    assert caught.value.path == "tools"


def test_schemas_are_written_out_only_so_far_in_one_request(hear: Hear) -> None:
    wide = b",".join(b'"%d":{"type":"string"}' % number for number in range(4_000))
    schema = b'{"type":"object","properties":{' + wide + b"}}"
    heard = hear(ASK, tools=tuple(tool(f"t{number}", schema=schema) for number in range(6)))
    last = heard.tools[-1]["inputSchema"]["json"]["properties"]
    assert heard.tools[0]["inputSchema"]["json"]["properties"]["3999"] == {"type": "string"}
    assert last == {}
    assert "what was too much" in heard.composed.repairs[-1].text


def test_a_deferred_tool_is_not_declared_before_it_is_found(hear: Hear) -> None:
    later = msgspec.structs.replace(tool("later"), deferred=True)
    heard = hear(ASK, tools=(tool("get"), later))
    assert named(heard) == ["get"]


def test_a_deferred_tool_that_was_called_is_declared_as_it_is(hear: Hear) -> None:
    later = msgspec.structs.replace(tool("later", "comes late"), deferred=True)
    result = Turn("user", (ToolResultPart("1", (TextPart("done"),)),))
    heard = hear(ASK, call("later"), result, tools=(tool("get"), later))
    assert [spec["description"] for spec in heard.tools] == ["does it", "comes late"]
    assert heard.rules == []


def test_deferred_tools_do_not_count_against_the_limit(hear: Hear) -> None:
    later = [msgspec.structs.replace(tool(f"t{at}"), deferred=True) for at in range(3)]
    assert named(hear(ASK, tools=(tool("get"), *later), limits=Limits(max_tools=1))) == ["get"]
