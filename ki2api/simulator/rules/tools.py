"""What the service demands of tool specifications (docs/kiro.md §3.5)."""

import re
from collections.abc import Iterator
from typing import Any

from ki2api.simulator.rules.violation import Violation
from ki2api.simulator.rules.wire import ToolEntry, ToolSpecification

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]*")
_LONGEST_NAME = 64
# 10,237 characters were seen to pass (docs/kiro.md §3.5 T5); the round number is inferred.
_LONGEST_DESCRIPTION = 10_240
_KEYWORDS = frozenset({"type", "description", "properties", "required", "items", "enum", "title"})
_COMBINERS = ("oneOf", "anyOf", "allOf")


def broken_tools(entries: list[ToolEntry], *, strict: bool) -> Iterator[Violation]:
    """Give every broken rule of a tool list; `strict` adds those on which the sources disagree."""
    tools = [entry.tool_specification for entry in entries if entry.tool_specification]
    if strict and len(tools) < len(entries):
        yield Violation("T13")
    for tool in tools:
        yield from _broken_words(tool)
    yield from _t3(tools)
    for at, tool in enumerate(tools):
        yield from _broken_root(tool.input_schema.json, at)
        yield from _broken_schema(tool.input_schema.json, strict=strict)


def _broken_words(tool: ToolSpecification) -> Iterator[Violation]:
    if len(tool.name) > _LONGEST_NAME:
        yield Violation("T1")
    if not _NAME.fullmatch(tool.name):
        yield Violation("T2")
    if tool.description is not None and not tool.description.strip():
        yield Violation("T4")
    if tool.description is not None and len(tool.description) > _LONGEST_DESCRIPTION:
        yield Violation("T5")


def _t3(tools: list[ToolSpecification]) -> Iterator[Violation]:
    seen: set[str] = set()
    for at, tool in enumerate(tools):
        name = tool.name.lower()
        if name in seen:
            message = f"The tool {tool.name} is already defined at toolConfig.tools.{at}."
            yield Violation("T3", "TOOL_DUPLICATE", message)
        seen.add(name)


def _broken_root(schema: Any, at: int) -> Iterator[Violation]:
    if not isinstance(schema, dict) or schema.get("type") != "object":
        yield _schema_invalid(
            "T6",
            f"The value at toolConfig.tools.{at}.toolSpec.inputSchema.json.type"
            " must be one of the following: object.",
        )
    elif any(word in schema for word in _COMBINERS):
        yield _schema_invalid(
            "T7", "input_schema does not support oneOf, allOf, or anyOf at the top level"
        )


def _broken_schema(schema: Any, *, strict: bool) -> Iterator[Violation]:
    if not isinstance(schema, dict):
        if strict:
            yield _schema_invalid("T10")
        return
    yield from _t8(schema, strict=strict)
    if strict:
        yield from _broken_keywords(schema)
    for inner in _inner_schemas(schema):
        yield from _broken_schema(inner, strict=strict)


def _t8(schema: dict[str, Any], *, strict: bool) -> Iterator[Violation]:
    if not isinstance(schema.get("properties", {}), dict):
        yield _schema_invalid("T8")
    required = schema.get("required", ["absent"])
    words = isinstance(required, list) and all(isinstance(word, str) for word in required)
    # Two projects saw an empty list refused, one sends it (docs/kiro.md §11 U4).
    if not words or (strict and not required):
        yield _schema_invalid("T8")


def _broken_keywords(schema: dict[str, Any]) -> Iterator[Violation]:
    for keyword in sorted(schema.keys() - _KEYWORDS):
        yield _schema_invalid("T9" if keyword == "additionalProperties" else "T10")
    if isinstance(schema.get("type"), list):
        yield _schema_invalid("T11")


def _inner_schemas(schema: dict[str, Any]) -> Iterator[Any]:
    properties = schema.get("properties")
    if isinstance(properties, dict):
        yield from properties.values()
    items = schema.get("items", [])
    yield from items if isinstance(items, list) else [items]


def _schema_invalid(rule: str, message: str = "The tool's input schema is invalid.") -> Violation:
    return Violation(rule, "TOOL_SCHEMA_INVALID", message)
