"""Arguments are made from a schema and the words of a prompt."""

from typing import Any

import pytest

from ki2api.simulator.arguments import arguments_for, places_in


def _filled(name: str, schema: dict[str, Any], prompt: str) -> Any:
    whole = {"type": "object", "properties": {name: schema}, "required": [name]}
    return arguments_for(whole, prompt)[name]


@pytest.mark.parametrize(
    ("name", "schema", "prompt", "value"),
    [
        ("city", {"type": "string"}, "How is Rio Grande today?", "Rio Grande"),
        ("city", {"type": "string"}, "旧金山的天气怎么样", "旧金山"),
        ("city", {"type": "string"}, "how is it there", "San Francisco"),
        ("unit", {"enum": ["celsius", "fahrenheit"]}, "in Fahrenheit", "fahrenheit"),
        ("unit", {"enum": ["celsius", "fahrenheit"]}, "now", "celsius"),
        ("count", {"type": "integer"}, "give me 3.7 of it", 3),
        ("count", {"type": "integer"}, "some", 1),
        ("size", {"type": "number"}, "-2.5 please", -2.5),
        ("force", {"type": "boolean"}, "now", False),
        ("nothing", {"type": "null"}, "now", None),
        ("words", {"type": "array", "items": {"type": "integer"}}, "7", [7]),
        ("words", {"type": "array"}, "hi", ["hi"]),
        ("file_path", {"type": "string"}, "read src/main.py now", "src/main.py"),
        ("path", {}, "read it", "README.md"),
        ("url", {"type": "string"}, "fetch", "https://example.com/"),
        ("command", {"type": "string"}, "rm", "echo hello from the simulator"),
        ("query", {"type": "string"}, "birds of Rome", "birds of Rome"),
        ("text", {"type": "string"}, 'say "good day" twice', "good day"),
    ],
)
def test_a_value_fits_its_property(
    name: str, schema: dict[str, Any], prompt: str, value: Any
) -> None:
    assert _filled(name, schema, prompt) == value


def test_inner_objects_are_filled_too() -> None:
    inner = {"type": "object", "properties": {"n": {"type": "integer"}, "m": {}}, "required": ["n"]}
    assert _filled("at", inner, "4") == {"n": 4}


def test_without_required_properties_the_first_is_filled() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "m": {}}}
    assert arguments_for(schema, "4") == {"n": 4}
    assert arguments_for({"type": "object"}, "4") == {}
    assert arguments_for({"type": "object", "required": ["x"]}, "4") == {"x": "4"}


def test_the_first_word_of_a_sentence_is_no_place_beside_others() -> None:
    assert places_in("Weather in Paris and London") == ["Paris", "London"]
    assert places_in("What is Paris like") == ["Paris"]
    assert places_in("Paris") == ["Paris"]
    assert places_in("What Is It") == []
