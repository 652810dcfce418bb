from typing import Any

import msgspec
import pytest

from ki2api.kiro.rules.text import MAX_DEPTH, h15_input, h19_clean, h19_clean_json


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a\0b", "ab"),
        ("你好 👋", "你好 👋"),
        ("\ud83d\ude00", "😀"),
        ("a\ud800b", "a\ufffdb"),
        ("\udfff\0", "\ufffd"),
    ],
)
def test_text_becomes_wellformed_unicode(text: str, clean: str) -> None:
    assert h19_clean(text) == clean


def test_json_is_cleaned_in_keys_and_values() -> None:
    assert h19_clean_json({"a\0": ["\0", {"b": "\ud800"}], "n": 1}) == {
        "a": ["", {"b": "\ufffd"}],
        "n": 1,
    }


NO_JSON = "the input is no JSON and was passed on as text"
NO_OBJECT = "the input is no object and was wrapped in one"
NO_KEY = "an empty key of the input was named"


@pytest.mark.parametrize(
    ("text", "value", "fault"),
    [
        ("", {}, ""),
        (" \n", {}, ""),
        ('{"a": [1, null]}', {"a": [1, None]}, ""),
        ("[1]", {"value": [1]}, NO_OBJECT),
        ('[{"": 1}]', {"value": [{"_": 1}]}, NO_OBJECT),
        ('"x"', {"value": "x"}, NO_OBJECT),
        ("null", {"value": None}, NO_OBJECT),
        ('{"a": ', {"value": '{"a": '}, NO_JSON),
        ('{"a": 1e999}', {"value": '{"a": 1e999}'}, NO_JSON),
        ('{"a": "\\ud800"}', {"value": '{"a": "\\ud800"}'}, NO_JSON),
        ("\ud800", {"value": "\ufffd"}, NO_JSON),
        ('{"": 1}', {"_": 1}, NO_KEY),
        ('{"": 1, "_": 2, "a": {"\\u0000": 3}}', {"__": 1, "_": 2, "a": {"_": 3}}, NO_KEY),
        ('{"big": 123456789012345678901234567890}', {"big": 123456789012345678901234567890}, ""),
    ],
)
def test_an_input_becomes_an_object(text: str, value: dict[str, Any], fault: str) -> None:
    assert h15_input(text) == (value, fault)
    assert msgspec.json.encode(value)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000])
def test_an_input_that_is_nested_too_deep_is_passed_on_as_text(depth: int) -> None:
    text = "[" * depth + "]" * depth
    assert h15_input(text)[0] == {"value": text}
