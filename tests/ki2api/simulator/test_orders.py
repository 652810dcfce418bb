"""What a prompt orders of the reply's form."""

from typing import Any

import msgspec
import pytest

from ki2api.simulator.catalogue import CATALOGUE
from ki2api.simulator.demo import demo
from ki2api.simulator.question import Question, Tool

MODEL = CATALOGUE["claude-sonnet-4.5"]
NESTED: Any = {
    "type": "object",
    "$defs": {"point": {"type": "object", "properties": {"x": {"type": ["integer", "null"]}}}},
    "properties": {
        "at": {"$ref": "#/$defs/point"},
        "kind": {"const": "spot"},
        "more": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        "points": {"type": "array", "items": {"$ref": "#/$defs/point"}},
        "lost": {"$ref": "#/$defs/point/x/y"},
    },
    "required": ["at", "kind", "more", "points", "lost"],
}
LOOK = Tool("look", "Look at things", NESTED)
SMELL = Tool("smell", "Smell at things", {"type": "object"})


def question(words: str, *tools: Tool, prompt: str = "Hello") -> Question:
    return Question(MODEL, prompt, prompt, words=words, tools=tools)


@pytest.mark.parametrize(
    ("words", "called"),
    [
        ("Call the tool smell in this reply: do it.", ["smell"]),
        ("Call the tool taste in this reply: do it.", []),
        ("Call one of the tools in this reply: do it.", ["look"]),
        ("He said: Call the tool smell in this reply", []),
    ],
)
def test_a_call_is_made_where_it_is_ordered(words: str, called: list[str]) -> None:
    assert [call.name for call in demo(question(words, LOOK, SMELL)).calls] == called


def test_no_more_calls_are_made_than_ordered() -> None:
    prompt = "Look and smell, both"
    assert len(demo(question("", LOOK, SMELL, prompt=prompt)).calls) == 2
    single = "Call at most one tool in this reply."
    assert len(demo(question(single, LOOK, SMELL, prompt=prompt)).calls) == 1


def test_json_is_written_by_its_schema() -> None:
    schema = msgspec.json.encode(NESTED).decode()
    text = demo(question(f"It must fit this JSON Schema (x: y):\n\n{schema}\n\nHello")).text
    expected = {
        "at": {"x": 1},
        "kind": "spot",
        "more": False,
        "points": [{"x": 1}],
        "lost": "Hello",
    }
    assert msgspec.json.decode(text) == expected


def test_a_schema_that_leads_to_itself_ends() -> None:
    schema = '{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}'
    text = demo(question(f"It must fit this JSON Schema:\n\n{schema}")).text
    assert text.startswith('{"a":{"a":{')


def test_any_json_is_an_object() -> None:
    text = demo(question("Reply with one JSON object and nothing else: no words.")).text
    assert msgspec.json.decode(text) == {"answer": "Hello"}
