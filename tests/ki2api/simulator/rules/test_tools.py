"""Every rule of tool specifications refuses what breaks it; the disputed ones have a switch."""

from typing import Any

import pytest

from ki2api.simulator.rules import violations

Body = dict[str, Any]


def _with_tools(body: Body, *specifications: Body) -> Body:
    tools = [{"toolSpecification": specification} for specification in specifications]
    message = body["conversationState"]["currentMessage"]["userInputMessage"]
    message["userInputMessageContext"] = {"tools": tools}
    return body


def _tool(schema: Any = None, **other: Any) -> Body:
    json = {"type": "object", "properties": {}} if schema is None else schema
    return {"name": "look", "description": "Looks", "inputSchema": {"json": json}, **other}


def _broken(body: Body, *, strict: bool = True) -> set[tuple[str, str | None]]:
    return {(v.rule, v.reason) for v in violations(body, strict_schema=strict)}


def test_a_plain_tool_is_accepted(minimal: Body) -> None:
    schema = {
        "type": "object",
        "title": "Look",
        "properties": {
            "at": {"type": "string", "description": "where", "enum": ["here"]},
            "items": {"type": "array", "items": {"type": "object", "properties": {}}},
            "format": {"type": "integer"},
        },
        "required": ["at"],
    }
    assert _broken(_with_tools(minimal, _tool(schema, name="look-up_2"))) == set()


def test_a_description_may_be_absent(minimal: Body) -> None:
    tool = _tool()
    del tool["description"]
    assert _broken(_with_tools(minimal, tool)) == set()


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ("T1", {"name": "x" * 65}),
        ("T2", {"name": "web.search"}),
        ("T2", {"name": "1st"}),
        ("T2", {"name": "查询"}),
        ("T4", {"description": " \n"}),
        ("T5", {"description": "x" * 10_241}),
    ],
)
def test_a_rule_of_a_tools_words_refuses(rule: str, other: Body, minimal: Body) -> None:
    assert _broken(_with_tools(minimal, _tool(**other)), strict=False) == {(rule, None)}


@pytest.mark.parametrize("other", [{"name": "x" * 64}, {"description": "x" * 10_240}])
def test_the_limits_themselves_are_accepted(other: Body, minimal: Body) -> None:
    assert _broken(_with_tools(minimal, _tool(**other))) == set()


def test_two_tools_may_not_share_a_name_in_any_case(minimal: Body) -> None:
    body = _with_tools(minimal, _tool(), _tool(name="LOOK"))
    assert _broken(body) == {("T3", "TOOL_DUPLICATE")}
    assert violations(body)[0].message == "The tool LOOK is already defined at toolConfig.tools.1."


@pytest.mark.parametrize(
    ("rule", "schema"),
    [
        ("T6", {"properties": {}}),
        ("T6", {"type": "array"}),
        ("T8", {"type": "object", "properties": None}),
        ("T8", {"type": "object", "required": None}),
        ("T8", {"type": "object", "required": "at"}),
        ("T8", {"type": "object", "required": [1]}),
        ("T8", {"type": "object", "properties": {"a": {"type": "object", "required": None}}}),
    ],
)
def test_a_schema_is_refused_always(rule: str, schema: Body, minimal: Body) -> None:
    body = _with_tools(minimal, _tool(schema))
    assert _broken(body, strict=False) == {(rule, "TOOL_SCHEMA_INVALID")}


def test_a_schema_that_is_no_object_is_refused_in_the_words_of_the_service(minimal: Body) -> None:
    body = _with_tools(minimal, _tool(), _tool(schema=True, name="other"))
    assert violations(body, strict_schema=False)[0].message == (
        "The value at toolConfig.tools.1.toolSpec.inputSchema.json.type must be one of the"
        " following: object."
    )


@pytest.mark.parametrize("word", ["oneOf", "anyOf", "allOf"])
def test_a_root_may_not_combine_schemas(word: str, minimal: Body) -> None:
    body = _with_tools(minimal, _tool({"type": "object", word: []}))
    assert _broken(body, strict=False) == {("T7", "TOOL_SCHEMA_INVALID")}


@pytest.mark.parametrize(
    ("rule", "schema"),
    [
        ("T8", {"type": "object", "required": []}),
        ("T9", {"type": "object", "additionalProperties": False}),
        ("T10", {"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"}),
        ("T10", {"type": "object", "properties": {"a": {"type": "string", "format": "uri"}}}),
        ("T10", {"type": "object", "properties": {"a": {"anyOf": []}}}),
        ("T10", {"type": "object", "properties": {"a": True}}),
        ("T10", {"type": "object", "properties": {"a": {"items": {"minimum": 1}}}}),
        ("T10", {"type": "object", "properties": {"a": {"items": [{"minimum": 1}]}}}),
        ("T11", {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}),
    ],
)
def test_a_disputed_schema_is_refused_by_the_strict_service_alone(
    rule: str, schema: Body, minimal: Body
) -> None:
    body = _with_tools(minimal, _tool(schema))
    assert _broken(body) == {(rule, "TOOL_SCHEMA_INVALID")}
    assert _broken(body, strict=False) == set()


def test_a_cache_point_among_tools_is_refused_by_the_strict_service_alone(minimal: Body) -> None:
    body = _with_tools(minimal, _tool())
    message = body["conversationState"]["currentMessage"]["userInputMessage"]
    message["userInputMessageContext"]["tools"].append({"cachePoint": {"type": "default"}})
    assert _broken(body) == {("T13", None)}
    assert _broken(body, strict=False) == set()
