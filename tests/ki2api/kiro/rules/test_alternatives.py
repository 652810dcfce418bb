from typing import Any

import pytest

from ki2api.kiro.rules.alternatives import Schema, compact, described, join, merge, names_in


def test_a_note_stands_at_the_end_of_the_description() -> None:
    assert described({}, "Note.") == {"description": "Note."}
    assert described({"description": "Own."}, "Note.") == {"description": "Own. Note."}
    assert described({"description": 5}, "Note.") == {"description": "Note."}
    assert described({"type": "string"}, "") == {"type": "string"}


def test_values_are_written_in_few_words() -> None:
    assert compact("a b") == "a b"
    assert compact([1, None]) == "[1,null]"
    assert compact("x" * 1_001) == "x" * 1_000 + "…"


def test_only_names_are_taken_from_a_list() -> None:
    assert names_in(["a", 1, "b", "a", None]) == ["a", "b"]
    assert names_in("abc") == []


@pytest.mark.parametrize(
    ("own", "other", "joined"),
    [
        ({"type": "string"}, {"type": "number"}, {"type": "string"}),
        ({"required": ["a"]}, {"required": ["b", "a"]}, {"required": ["a", "b"]}),
        ({"required": None}, {"required": ["b"]}, {"required": ["b"]}),
        ({"properties": {"a": 1}}, {"properties": {"b": 2}}, {"properties": {"a": 1, "b": 2}}),
        ({"properties": {"a": 1}}, {"properties": {"a": 1}}, {"properties": {"a": 1}}),
        (
            {"properties": {"a": 1}},
            {"properties": {"a": 2}},
            {"properties": {"a": {"allOf": [1, 2]}}},
        ),
        ({"properties": None}, {}, {"properties": None}),
        ({"description": "x"}, {"description": "y"}, {"description": "x y"}),
        ({"description": "x"}, {"description": "x"}, {"description": "x"}),
        ({}, {"description": "y"}, {"description": "y"}),
    ],
)  # fmt: skip - a table
def test_both_at_once(own: Schema, other: Schema, joined: Schema) -> None:
    assert join(own, other) == joined


STRING, NUMBER = {"type": "string"}, {"type": "number", "description": "How many."}
LIST = {"type": "array", "items": {}}
A: Schema = {"type": "object", "properties": {"a": {}}, "required": ["a"], "description": "An a."}
B: Schema = {"properties": {"b": {}}}


@pytest.mark.parametrize(
    ("variants", "merged"),
    [
        ([], {}),
        ([{"enum": [None]}], {"type": "null"}),
        ([STRING, {"type": "null"}], {"type": "string", "description": "May be null."}),
        ([STRING, NUMBER], {"type": ["string", "number"], "description": "How many."}),
        ([STRING, STRING], {"type": ["string"]}),
        ([{"enum": [1]}, {"enum": [2, 1]}], {"enum": [1, 2]}),
        ([STRING, LIST], {"type": "string", "description": 'Or: [{"type":"array","items":{}}].'}),
        ([{}, STRING], {"description": 'Or: [{"type":"string"}].'}),
        (
            [A, B],
            {
                "type": "object",
                "properties": {"a": {}, "b": {}},
                "description": "An a. Needs a, or none of these.",
            },
        ),
    ],
)
def test_one_of_several(variants: list[Any], merged: Schema) -> None:
    assert merge(variants) == merged
