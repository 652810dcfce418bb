"""JSON Schema, as far as it is read."""

from typing import Any

import msgspec
import pytest

from ki2api.emulation.schema import UNREAD, Schema, SchemaFault


def schema(document: Any) -> Schema:
    return Schema(msgspec.Raw(msgspec.json.encode(document)))


@pytest.mark.parametrize(
    ("document", "fits", "unfit", "fault"),
    [
        (False, None, 1, "$: must not be there"),
        ({"type": "integer"}, 2.0, 2.5, "$: must be of type integer"),
        ({"type": "integer"}, 2, True, "$: must be of type integer"),
        ({"type": "number"}, 2.5, "2", "$: must be of type number"),
        ({"type": ["string", "null"]}, None, 1, "$: must be of type string or null"),
        ({"type": "boolean"}, False, 0, "$: must be of type boolean"),
        ({"type": "array"}, [], {}, "$: must be of type array"),
        ({"enum": [1, "a"]}, 1, True, "$: is none of the values allowed"),
        ({"const": "a"}, "a", "b", "$: is not the one value allowed"),
        ({"const": [1, {"a": 1}]}, [1.0, {"a": 1}], [True, {"a": 1}], "$: is not the one value allowed"),
        ({"required": ["a"]}, {"a": 1}, {}, "$.a: is required"),
        ({"properties": {"a": {"type": "null"}}}, {"b": 1}, {"a": 1}, "$.a: must be of type null"),
        ({"properties": {"a": True}, "additionalProperties": False}, {"a": 1}, {"a": 1, "b": 2}, "$.b: must not be there"),
        ({"items": {"type": "null"}}, [None], [None, 1], "$[1]: must be of type null"),
        ({"items": [{"type": "null"}]}, [None, 1], [1], "$[0]: must be of type null"),
        ({"prefixItems": [{"type": "null"}], "items": False}, [None], [None, 1], "$[1]: must not be there"),
        ({"minItems": 1}, [0], [], "$: must have at least 1 items"),
        ({"maxItems": 1}, [0], [0, 1], "$: must have at most 1 items"),
        ({"uniqueItems": True}, [1, True], [1, 1.0], "$: holds the same item twice"),
        ({"minProperties": 1}, {"a": 1}, {}, "$: must have at least 1 properties"),
        ({"maxProperties": 0}, {}, {"a": 1}, "$: must have at most 0 properties"),
        ({"minLength": 2}, "ab", "a", "$: must have at least 2 letters"),
        ({"maxLength": 1}, "a", "ab", "$: must have at most 1 letters"),
        ({"minimum": 1}, 1, 0, "$: must be at least 1"),
        ({"maximum": 1}, 1, 2, "$: must be at most 1"),
        ({"exclusiveMinimum": 1}, 2, 1, "$: must be more than 1"),
        ({"exclusiveMaximum": 1}, 0, 1, "$: must be less than 1"),
        ({"multipleOf": 0.1}, 0.3, 0.25, "$: is not a multiple of 0.1"),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, 1, 3, "$: must be at most 2"),
        ({"anyOf": [{"type": "null"}, {"minimum": 2}]}, 2, 1, "$: fits none of the alternatives allowed"),
        ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 1, 2, "$: fits 2 of the alternatives, not one"),
        ({"not": {"type": "null"}}, 1, None, "$: is what it must not be"),
        ({"if": {"type": "null"}, "then": False, "else": {"minimum": 1}}, 1, None, "$: must not be there"),
        ({"if": {"type": "null"}, "else": {"minimum": 1}}, None, 0, "$: must be at least 1"),
        ({"$defs": {"a/b": {"type": "null"}}, "$ref": "#/$defs/a~1b"}, None, 1, "$: must be of type null"),
        ({"anyOf": [{"type": "null"}, {"$ref": "#/anyOf/0"}]}, None, 1, "$: fits none of the alternatives allowed"),
        ({"properties": {"next": {"$ref": "#"}}, "required": ["v"]}, {"v": 1, "next": {"v": 2}}, {"v": 1, "next": {}}, "$.next.v: is required"),
    ],
)  # fmt: skip
def test_a_value_fits_or_its_fault_is_told(
    document: Any, fits: Any, unfit: Any, fault: str
) -> None:
    read = schema(document)
    if document is not False:
        assert read.fault(fits) is None
    assert read.fault(unfit) == fault


@pytest.mark.parametrize(
    "keyword",
    ["required", "properties", "additionalProperties", "items", "prefixItems", "uniqueItems",
     "minimum", "maximum", "exclusiveMinimum", "multipleOf", "minLength", "minItems", "maxProperties"],
)  # fmt: skip
def test_a_keyword_says_nothing_of_values_of_another_kind(keyword: str) -> None:
    told: Any = {
        "required": ["a"],
        "properties": {"a": False},
        "additionalProperties": False,
        "items": False,
        "prefixItems": [False],
        "uniqueItems": True,
    }.get(keyword, 5)
    assert schema({keyword: told}).fault(value=True) is None


def test_what_only_describes_is_not_checked() -> None:
    words = {"title": 1, "format": "date", "pattern": "(", "default": [], "x-mine": {"type": 3}}
    assert schema(words).fault("anything") is None


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ([], "$: a schema must be an object"),
        ({"items": [1]}, "$.items[0]: a schema must be an object"),
        ({"anyOf": [{"not": 1}]}, "$.anyOf[0].not: a schema must be an object"),
        ({"properties": {"a": "b"}}, "$.properties.a: a schema must be an object"),
        ({"properties": []}, "$.properties: not valid in a JSON Schema"),
        ({"type": "text"}, "$.type: not valid in a JSON Schema"),
        ({"type": [1]}, "$.type: not valid in a JSON Schema"),
        ({"enum": "a"}, "$.enum: not valid in a JSON Schema"),
        ({"required": [1]}, "$.required: not valid in a JSON Schema"),
        ({"minimum": "1"}, "$.minimum: not valid in a JSON Schema"),
        ({"multipleOf": 0}, "$.multipleOf: not valid in a JSON Schema"),
        ({"$ref": "#/nowhere"}, "$.$ref: only references within the schema are supported"),
        ({"$ref": "https://example.com/a"}, "$.$ref: only references within the schema are supported"),
        ({"$ref": 1}, "$.$ref: only references within the schema are supported"),
        ({"items": {"contains": {}}}, "$.items: contains is not supported"),
        ({"not": []}, "$.not: a schema must be an object"),
        ({"$ref": "#/enum", "enum": [1]}, "$.$ref: a schema must be an object"),
        ({"$ref": "#/default", "default": {"type": "x"}}, "$.$ref.type: not valid in a JSON Schema"),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_kept_is_refused(document: Any, fault: str) -> None:
    with pytest.raises(SchemaFault) as refused:
        schema(document)
    assert str(refused.value) == fault


@pytest.mark.parametrize("keyword", sorted(UNREAD))
def test_keywords_that_are_not_read_are_refused(keyword: str) -> None:
    with pytest.raises(SchemaFault, match="is not supported"):
        schema({keyword: {}})


def test_schemas_without_end_end() -> None:
    assert schema({"$ref": "#"}).fault(1) == "$: it is nested too deeply"
    twice = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    many = schema({"$defs": {**twice, "a40": True}, "$ref": "#/$defs/a0"})
    assert many.fault(1) == "$: it is nested too deeply"
    with pytest.raises(SchemaFault, match="nested too deeply"):
        Schema(msgspec.Raw(b'{"not":' * 5_000 + b"{}" + b"}" * 5_000))


def test_many_values_are_compared_in_no_time_or_not_at_all() -> None:
    """By pairs, the first would take an hour, and the second a minute."""
    assert schema({"uniqueItems": True}).fault(list(range(100_000))) is None
    long = schema({"items": {"enum": list(range(20_000))}})
    assert long.fault([-1]) == "$[0]: is none of the values allowed"
    assert long.fault([1] * 20_000) == "$: it is nested too deeply"


@pytest.mark.parametrize("document", [{"type": "integer"}, {"multipleOf": 0.5}])
def test_a_number_beyond_all_reckoning_does_not_fit(document: Any) -> None:
    assert schema(document).fault(10**400) == "$: it holds a number that is too large"
