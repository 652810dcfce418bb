"""Composing costs as much as there is to compose: eight times the request, not sixty-four times."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any, TypeAlias

import msgspec
import pytest

from ki2api.conversation import (
    Conversation,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.kiro.compose import Limits, compose, ids_of
from ki2api.kiro.rules.schema import _remembered
from ki2api.models import Catalogue

Made: TypeAlias = tuple[tuple[Turn, ...], tuple[Tool, ...]]
SMALL, TIMES, MOST = 250, 8, 24
"""Linear work grows 8 times, quadratic work 64 times; the machine may have other things to do."""
STRING = {"type": "string"}
LIMITS = Limits(max_weight=10**9, max_tools=10**6)
TARGET = Catalogue().find("claude-opus-5")
DONE = (TextPart("done"),)


def user(*parts: Any) -> Turn:
    return Turn("user", parts or (TextPart("go"),))


def model(*parts: Any) -> Turn:
    return Turn("assistant", parts or (TextPart("went"),))


def tool(schema: Any, name: str = "get") -> Tool:
    return Tool(name, "gets", msgspec.Raw(msgspec.json.encode(schema)))


def schema(document: Any) -> Made:
    return (user(),), (tool(document),)


def session(size: int) -> Made:
    """Make a session of an agent: 500 messages, 100 tools and a megabyte for a size of 250."""
    words = "word " * 400
    rounds = (
        turn
        for number in range(size)
        for turn in (
            user(ToolResultPart(f"id{number - 1}", (TextPart(words),)), TextPart(words)),
            model(TextPart("next"), ToolCallPart(f"id{number}", f"tool_{number % 100}", "{}")),
        )
    )
    properties = {
        f"p{number}": {"type": ["string", "null"], "minLength": 1} for number in range(20)
    }
    tools = (tool({"properties": properties}, f"tool_{number}") for number in range(size * 2 // 5))
    return (*rounds, user()), tuple(tools)


def calls(size: int) -> Made:
    """Make calls of one id, and as many results."""
    asked = (ToolCallPart("same", "get", f'{{"a":{number}}}') for number in range(size))
    return (user(), model(*asked), user(*[ToolResultPart("same", DONE)] * size)), ()


def chain(size: int) -> Made:
    steps = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}", "description": f"{n}"} for n in range(size)}
    return schema({"$ref": "#/$defs/d0", "$defs": steps})


MAKERS: dict[str, Callable[[int], Made]] = {
    "session": session,
    "calls of one id": calls,
    "neighbours": lambda n: (tuple(Turn("user", DONE, f"messages[{i}]") for i in range(n)), ()),
    "stray results": lambda n: ((user(*[ToolResultPart("none", DONE)] * n),), ()),
    "stand-ins": lambda n: (
        (user(), model(*(ToolCallPart(f"{i}", f"字{i}", "{}") for i in range(n)))),
        (),
    ),
    "tools of one name": lambda n: ((user(),), tuple(tool({"title": f"{i}"}) for i in range(n))),
    "allOf": lambda n: schema({"allOf": [{"properties": {f"p{i}": STRING}} for i in range(n)]}),
    "anyOf of one name": lambda n: schema(
        {"anyOf": [{"properties": {"p": {"enum": [i]}}} for i in range(n)]}
    ),
    "anyOf within": lambda n: schema(
        {"anyOf": [{"properties": {"p": {"properties": {f"q{i}": STRING}}}} for i in range(n)]}
    ),
    "required": lambda n: schema({"allOf": [{"required": [f"p{i}"]} for i in range(n)]}),
    "descriptions": lambda n: schema({"anyOf": [{"description": f"{i}"} for i in range(n)]}),
    "references": chain,
}


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the collector away: it looks at all that there is, however little is composed."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def effort(made: Made) -> float:
    turns, tools = made
    conversation = Conversation("claude-opus-5", turns, tools=tools)
    ids = ids_of(conversation)
    _remembered.cache_clear()  # else the smaller one would cost nothing the second time
    with undisturbed():
        began = process_time()
        compose(conversation, TARGET, ids, limits=LIMITS)
        return process_time() - began


@pytest.mark.parametrize("name", MAKERS)
def test_the_work_grows_with_the_request(name: str) -> None:
    small, large = MAKERS[name](SMALL), MAKERS[name](SMALL * TIMES)
    pairs = [(effort(small), effort(large)) for _ in range(3)]
    assert min(after for _, after in pairs) < MOST * min(before for before, _ in pairs)


def test_the_session_is_of_the_size_that_agents_send() -> None:
    turns, tools = session(SMALL)
    texts = [part for turn in turns for part in turn.parts if isinstance(part, TextPart)]
    results = [part for turn in turns for part in turn.parts if isinstance(part, ToolResultPart)]
    assert (len(turns), len(tools)) == (501, 100)
    assert 1_000_000 <= sum(len(part.text) for part in texts) + 2_000 * len(results) <= 1_200_000
