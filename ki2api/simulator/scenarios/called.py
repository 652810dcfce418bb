"""Scenarios of tool calls: how many, and in which form they are streamed.

A scenario is a function; its name with hyphens is how it is called, its docstring what is printed.
"""

from collections.abc import Iterator

from ki2api.simulator.answer import Answer, Call
from ki2api.simulator.identifiers import Identifiers
from ki2api.simulator.plan import Plan
from ki2api.simulator.scenarios.values import Values
from ki2api.simulator.stream import Event, in_fragments, json_text

_PATH = {"path": "src/main.py", "text": "print('héllo 你好')\n" * 3}


def tool(plan: Plan, values: Values) -> None:
    """Call a tool; name=… (the first that was declared), other values are its arguments."""
    plan.answer = Answer("I will look.", (_call(plan, values),))


def tools(plan: Plan, values: Values) -> None:
    """Call count=2 tools in one reply: those declared, in turn."""
    names = [tool.name for tool in plan.question.tools] or ["no_such_tool"]
    calls = [Call(names[at % len(names)], _PATH) for at in range(values.integer("count", 2))]
    plan.answer = Answer("I will look at all of them.", tuple(calls))


def tool_without_input(plan: Plan, values: Values) -> None:
    """Call a tool that takes no arguments: no input at all."""
    plan.answer = Answer("", (_call(plan, values),))
    plan.call_form = _without_input


def tool_object(plan: Plan, values: Values) -> None:
    """Call a tool with its input as a JSON object."""
    plan.answer = Answer("", (_call(plan, values),))
    plan.call_form = _as_object


def tool_one_frame(plan: Plan, values: Values) -> None:
    """Call a tool in a single frame."""
    plan.answer = Answer("", (_call(plan, values),))
    plan.call_form = _in_one_frame


def tool_unfinished(plan: Plan, values: Values) -> None:
    """Call a tool and end the stream before its stop."""
    plan.answer = Answer("", (_call(plan, values),))
    plan.call_form = _unfinished


def tool_broken_json(plan: Plan, values: Values) -> None:
    """Call a tool whose JSON text is broken, and stop it properly."""
    plan.answer = Answer("", (_call(plan, values),))
    plan.call_form = _broken_json


def _call(plan: Plan, values: Values) -> Call:
    declared = plan.question.tools[0].name if plan.question.tools else "no_such_tool"
    arguments = values.others("name")
    return Call(values.word("name", declared), arguments or _PATH)


def _without_input(call: Call, ids: Identifiers) -> Iterator[Event]:
    first, *_, last = in_fragments(call, ids)
    yield from (first, last)


def _as_object(call: Call, ids: Identifiers) -> Iterator[Event]:
    first, *_, last = in_fragments(call, ids)
    yield first
    yield Event("toolUseEvent", {**first.payload, "input": call.arguments})
    yield last


def _in_one_frame(call: Call, ids: Identifiers) -> Iterator[Event]:
    *_, last = in_fragments(call, ids)
    yield Event("toolUseEvent", {"input": json_text(call), **last.payload})


def _unfinished(call: Call, ids: Identifiers) -> Iterator[Event]:
    first, *fragments, _ = in_fragments(call, ids)
    yield from (first, *fragments[:-1])


def _broken_json(call: Call, ids: Identifiers) -> Iterator[Event]:
    first, *fragments, last = in_fragments(call, ids)
    yield from (first, *fragments[:-1], last)
