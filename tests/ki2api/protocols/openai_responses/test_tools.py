"""The tools of a request."""

from typing import Any

import msgspec
import pytest

from ki2api.conversation import ToolChoice, WebSearch
from ki2api.errors import InvalidRequest
from ki2api.protocols.openai_responses import freeform, wire
from ki2api.protocols.openai_responses.names import Called
from ki2api.protocols.openai_responses.tools import Tools
from ki2api.protocols.reading import Unserved

LS = {"type": "function", "name": "ls", "description": "List.", "parameters": {"type": "object"}}
PATCH = {
    "type": "custom",
    "name": "patch",
    "description": "Patch.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: A"},
}
AGENTS = {
    "type": "namespace",
    "name": "agents",
    "description": "Agents.",
    "tools": [{"type": "function", "name": "spawn"}, {"type": "custom", "name": "tell"}],
}


def request(**fields: Any) -> wire.ResponsesRequest:
    return msgspec.json.decode(
        msgspec.json.encode({"model": "m", **fields}), type=wire.ResponsesRequest
    )


def read(*tools: Any, choice: Any = None, drop: bool = False) -> tuple[Tools, list[str]]:
    unserved = Unserved(drop=drop)
    asked = request(tools=tools, tool_choice=choice)
    found = Tools(asked.tool_choice, unserved)
    found.read(asked.tools or (), "tools")
    return found, unserved.dropped


def names(tools: Tools) -> list[str]:
    return [tool.name for tool in tools.declared]


def test_a_function_keeps_its_schema_as_it_came() -> None:
    (tool,) = read({**LS, "strict": True, "defer_loading": True})[0].declared
    assert (tool.name, tool.description, tool.at) == ("ls", "List.", "tools[0]")
    assert bytes(tool.schema) == b'{"type":"object"}'
    assert (tool.strict, tool.deferred) == (True, True)


@pytest.mark.parametrize("parameters", [{}, {"parameters": None}])
def test_a_function_may_take_nothing(parameters: dict[str, None]) -> None:
    (tool,) = read({"type": "function", "name": "pwd", **parameters})[0].declared
    assert bytes(tool.schema) == b'{"type":"object","properties":{}}'
    assert (tool.strict, tool.deferred) == (False, False)


def test_a_custom_tool_is_a_function_of_one_text_with_its_grammar_told() -> None:
    found, _ = read(PATCH, {"type": "custom", "name": "say"})
    first, second = found.declared
    assert first.schema == second.schema == freeform.SCHEMA
    assert first.description == freeform.describe("Patch.", "lark", "start: A")
    assert second.description == freeform.describe("", "", "")
    assert found.names.called("patch") == Called("patch", custom=True)


def test_a_namespace_is_flattened() -> None:
    found, dropped = read(AGENTS)
    assert dropped == []
    assert names(found) == ["agents__spawn", "agents__tell"]
    assert [tool.at for tool in found.declared] == ["tools[0].tools[0]", "tools[0].tools[1]"]
    assert found.names.called("agents__tell") == Called("tell", "agents", custom=True)


def test_a_namespace_may_be_empty() -> None:
    assert names(read({"type": "namespace", "name": "none"})[0]) == []


@pytest.mark.parametrize(
    ("tool", "place"),
    [
        ({"type": "function"}, "tools[0].name"),
        ({"type": "namespace", "tools": []}, "tools[0].name"),
        ({**AGENTS, "tools": [{"type": "function"}]}, "tools[0].tools[0].name"),
        ({"name": "ls"}, "tools[0].type"),
    ],
)
def test_what_is_missing_is_named(tool: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRequest, match="Field required") as refused:
        read(tool)
    assert refused.value.path == place


@pytest.mark.parametrize(
    ("tool", "place"),
    [
        ({"type": "file_search"}, "tools[0]"),
        ({"type": "mcp", "server_label": "x"}, "tools[0]"),
        ({"type": "local_shell"}, "tools[0]"),
        ({**AGENTS, "tools": [{"type": "web_search"}]}, "tools[0].tools[0]"),
    ],
)
def test_a_tool_that_only_openai_runs_is_refused_or_left_out(
    tool: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidRequest, match="is not supported") as refused:
        read(tool, LS)
    assert refused.value.path == place
    found, dropped = read(tool, LS, drop=True)
    assert (names(found), dropped) == (["ls"], [place])


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "image_generation"},
        {"type": "tool_search", "execution": "client"},
        {"type": "web_search", "external_web_access": False},
    ],
)
def test_what_a_client_offers_as_a_matter_of_course_is_left_out_and_told(
    tool: dict[str, Any],
) -> None:
    found, dropped = read(tool, LS)
    assert (names(found), dropped, found.web_search) == (["ls"], ["tools[0]"], None)


@pytest.mark.parametrize("kind", ["web_search", "web_search_preview", "web_search_2025_08_26"])
def test_a_web_search_is_leave_to_search(kind: str) -> None:
    filters = {"allowed_domains": ["a.example"], "blocked_domains": ["b.example"]}
    found, _ = read(LS, {"type": kind, "filters": filters, "external_web_access": True})
    assert found.web_search == WebSearch(
        allowed_domains=("a.example",), blocked_domains=("b.example",), at="tools[1]"
    )
    assert read({"type": kind})[0].web_search == WebSearch(at="tools[0]")


def test_what_a_search_cannot_heed_is_told() -> None:
    found, dropped = read({"type": "web_search", "user_location": {"country": "GB"}})
    assert found.web_search is not None
    assert dropped == ["tools[0].user_location"]


@pytest.mark.parametrize(
    ("allowed", "declared", "searches"),
    [
        ([{"type": "function", "name": "ls"}], ["ls"], False),
        ([{"type": "custom", "name": "patch"}, {"type": "web_search"}], ["patch"], True),
        ([{"type": "namespace", "name": "agents"}], ["agents__spawn", "agents__tell"], False),
        (
            [{"type": "function", "name": "spawn", "namespace": "agents"}],
            ["agents__spawn"],
            False,
        ),
        (None, [], False),
    ],
)
def test_only_the_allowed_tools_are_declared(
    allowed: Any, declared: list[str], *, searches: bool
) -> None:
    choice = {"type": "allowed_tools", "mode": "auto", "tools": allowed}
    found, _ = read(LS, PATCH, AGENTS, {"type": "web_search"}, choice=choice)
    assert names(found) == declared
    assert (found.web_search is not None) == searches


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ToolChoice()),
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("any")),
        ({"type": "function", "name": "ls"}, ToolChoice("named", "ls")),
        ({"type": "custom", "name": "patch"}, ToolChoice("named", "patch")),
        (
            {"type": "function", "name": "spawn", "namespace": "agents"},
            ToolChoice("named", "agents__spawn"),
        ),
        ({"type": "allowed_tools", "mode": "auto", "tools": []}, ToolChoice()),
        ({"type": "allowed_tools", "mode": "required", "tools": []}, ToolChoice("any")),
    ],
)
def test_a_choice_is_read(choice: Any, expected: ToolChoice) -> None:
    found, _ = read(choice=choice)
    assert found.choice(request(tool_choice=choice)) == expected


def test_one_call_at_a_time_may_be_asked_for() -> None:
    found, _ = read()
    assert found.choice(request(parallel_tool_calls=False)) == ToolChoice(parallel=False)


@pytest.mark.parametrize("choice", [{"type": "file_search"}, {"type": "function"}])
def test_another_choice_is_refused(choice: dict[str, str]) -> None:
    found, _ = read()
    with pytest.raises(InvalidRequest) as refused:
        found.choice(request(tool_choice=choice))
    assert refused.value.path == "tool_choice"
