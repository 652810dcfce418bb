"""What a prompt orders of the reply's form, as a model would follow it: a tool call, or JSON."""

import re
from typing import Any

import msgspec

from ki2api.simulator.answer import Call
from ki2api.simulator.arguments import arguments_for, value_for
from ki2api.simulator.choosing import chosen_calls
from ki2api.simulator.question import Question, Tool

_NAMED = re.compile(r"^Call the tool (\S+) in this reply", re.MULTILINE)
_ANY = re.compile(r"^Call one of the tools in this reply", re.MULTILINE)
_SINGLE = re.compile(r"^Call at most one tool in this reply", re.MULTILINE)
_SCHEMA = re.compile(r"It must fit this JSON Schema[^\n]*:\n\n(\{[^\n]*\})")
_JSON = re.compile(r"Reply with one JSON object and nothing else")
_DEEPEST = 8


def ordered_calls(question: Question) -> tuple[Call, ...]:
    """Make the calls that the prompt orders, or that fit it."""
    chosen = chosen_calls(question.prompt, question.tools)
    if named := _NAMED.search(question.words):
        chosen = _first(question, *(t for t in question.tools if _is_called(t, named[1])))
    elif _ANY.search(question.words) and not chosen:
        chosen = _first(question, *question.tools)
    return chosen[:1] if _SINGLE.search(question.words) else chosen


def calls_are_ordered(question: Question) -> bool:
    """Tell whether the reply must call a tool."""
    return bool(_NAMED.search(question.words) or _ANY.search(question.words))


def ordered_json(question: Question) -> str | None:
    """Write the JSON that the prompt orders, or return None where it orders none."""
    if found := _SCHEMA.search(question.words):
        schema = msgspec.json.decode(found[1])
        value = value_for("answer", _plain(schema, schema, _DEEPEST), question.prompt)
    elif _JSON.search(question.words):
        value = {"answer": question.prompt}
    else:
        return None
    return msgspec.json.encode(value).decode()


def _is_called(tool: Tool, name: str) -> bool:
    """Tell whether a tool has this name, or says that it is spoken of by it."""
    return name == tool.name or tool.description.startswith(f"Spoken of as {name!r}.")


def _first(question: Question, *tools: Any) -> tuple[Call, ...]:
    return tuple(
        Call(tool.name, arguments_for(_plain(tool.schema, tool.schema, _DEEPEST), question.prompt))
        for tool in tools[:1]
    )


def _plain(schema: Any, root: Any, depth: int) -> Any:
    """Put what references lead to in their place, and the first of alternatives."""
    if isinstance(schema, list):
        return [_plain(each, root, depth) for each in schema]
    if not isinstance(schema, dict) or not depth:
        return schema
    if isinstance(reference := schema.get("$ref"), str):
        return _plain(_target(root, reference), root, depth - 1)
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            return _plain(schema[word][0], root, depth - 1)
    if "const" in schema:
        return {"enum": [schema["const"]]}
    plain = {name: _plain(inner, root, depth - 1) for name, inner in schema.items()}
    if isinstance(kinds := plain.get("type"), list) and kinds:
        plain["type"] = kinds[0]
    return plain


def _target(root: Any, reference: str) -> Any:
    for step in reference.split("/")[1:]:
        root = root.get(step, {}) if isinstance(root, dict) else {}
    return root
