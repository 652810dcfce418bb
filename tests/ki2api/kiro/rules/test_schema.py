from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ki2api.conversation import TextPart, Tool, Turn
from ki2api.errors import InvalidRequest
from ki2api.kiro.rules.schema import MAX_DEPTH, MAX_NODES

Hear = Callable[..., Any]
Fit = Callable[..., Any]
OPEN = {"type": "object", "properties": {}}


@pytest.fixture
def rules() -> list[str]:
    return []


@pytest.fixture
def fit(hear: Hear, rules: list[str]) -> Fit:
    """Give the schema that Kiro gets for one of a client, and leave the rules that changed it."""

    def fit(schema: Any) -> Any:
        raw = schema if isinstance(schema, bytes) else msgspec.json.encode(schema)
        tool = Tool("t", "d", msgspec.Raw(raw), "tools[0]")
        heard = hear(Turn("user", (TextPart("go"),)), tools=(tool,))
        rules[:] = heard.rules
        return heard.tools[0]["inputSchema"]["json"]

    return fit


@pytest.fixture
def fit_one(fit: Fit) -> Fit:
    """Give the schema that Kiro gets for a property."""

    def fit_one(schema: Any, **definitions: Any) -> Any:
        whole = {"type": "object", "properties": {"p": schema}, "$defs": definitions}
        return fit(whole)["properties"]["p"]

    return fit_one


def test_what_kiro_knows_passes_unchanged(fit: Fit, rules: list[str]) -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "title": "A", "enum": ["x", "y"], "description": "which"},
            "b": {"type": "array", "items": {"type": "integer"}},
            "c": {"type": "object", "properties": {"d": {}}, "required": ["d"]},
        },
        "required": ["a"],
        "description": "all",
    }
    assert fit(schema) == schema
    assert rules == []


@pytest.mark.parametrize("nothing", [b"", b"{}", b"null", b"true", b"[]", b"5", b'"object"'])
def test_no_schema_is_an_open_object(fit: Fit, nothing: bytes) -> None:
    assert fit(nothing) == OPEN


def test_the_root_is_an_object(fit: Fit, rules: list[str]) -> None:
    assert fit({"properties": {"a": {}}}) == {"type": "object", "properties": {"a": {}}}
    assert fit({"type": "string"}) == {**OPEN, "description": 'Schema: {"type":"string"}.'}
    assert rules == ["T6"]


@pytest.mark.parametrize("broken", [b'{"a', b"\xff", b"[" * 3_000, b"[" * 90 + b"]" * 90])
def test_a_schema_that_cannot_be_read_is_refused(fit: Fit, broken: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        fit(broken)
    assert caught.value.path == "tools[0]"


def test_alternatives_at_the_root_are_merged(fit: Fit, rules: list[str]) -> None:
    sets = [{"required": ["a"]}, {"required": ["b"]}]
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "anyOf": sets}
    assert fit(schema) == {
        "type": "object",
        "properties": {"a": {}, "b": {}},
        "description": "Needs a, or b.",
    }
    assert rules == ["T7"]


def test_properties_and_required_have_their_form(fit: Fit, rules: list[str]) -> None:
    assert fit({"type": "object", "properties": None, "required": None}) == OPEN
    assert rules == ["T8"]
    assert fit({"type": "object", "properties": {"a": None}, "required": []}) == {
        "type": "object",
        "properties": {"a": {}},
    }
    fitted = fit({"properties": {"a": {}}, "required": ["a", "a", 5, ["b"]]})
    assert fitted["required"] == ["a"]


def test_other_properties_are_said_in_words(fit_one: Fit, rules: list[str]) -> None:
    assert fit_one({"additionalProperties": False}) == {"description": "No other properties."}
    assert rules == ["T9"]
    assert fit_one({"additionalProperties": True}) == {}
    assert fit_one({"additionalProperties": {"type": "string"}}) == {
        "description": 'Other properties: {"type":"string"}.'
    }


def test_removed_keywords_are_restated(fit_one: Fit, rules: list[str]) -> None:
    schema = {
        "type": "string",
        "description": "When.",
        "format": "date-time",
        "default": 5,
        "minLength": 2,
        "$comment": "for us",
        "x-order": 3,
    }
    assert fit_one(schema) == {
        "type": "string",
        "description": "When. Format: date-time. Default: 5. Min length: 2.",
    }
    assert rules == ["T10"]


def test_a_very_long_restatement_is_cut(fit_one: Fit) -> None:
    assert len(fit_one({"default": "x" * 9_000})["description"]) < 1_100


def test_a_constant_is_an_enum_of_one(fit_one: Fit) -> None:
    assert fit_one({"const": "a"}) == {"enum": ["a"]}
    assert fit_one({"const": "a", "enum": ["a", "b"]}) == {"enum": ["a", "b"]}
    assert fit_one({"enum": []}) == {}
    assert fit_one({"title": 5, "description": ["no"]}) == {}


@pytest.mark.parametrize(
    ("kind", "fitted"),
    [
        (["string", "null"], {"type": "string", "description": "Type: string or null."}),
        (["null"], {"type": "null"}),
        (["string"], {"type": "string"}),
        ("null", {"type": "null"}),
        ("any", {"description": "Type: any."}),
        (["any", 5, "number"], {"type": "number", "description": "Type: any or 5 or number."}),
        (None, {"description": "Type: null."}),
        ([], {}),
    ],
)
def test_a_type_is_one_word(fit_one: Fit, kind: Any, fitted: Any) -> None:
    assert fit_one({"type": kind}) == fitted


def test_items_are_one_schema(fit_one: Fit) -> None:
    assert fit_one({"items": True}) == {"description": "Items: true."}
    assert fit_one({"items": [{"type": "string"}]}) == {
        "description": 'Items: [{"type":"string"}].'
    }


def test_a_property_that_must_not_be_is_said_so(fit_one: Fit) -> None:
    assert fit_one(False) == {"description": "Must not be given."}  # noqa: FBT003 - a schema
    assert fit_one(True) == {}  # noqa: FBT003 - a schema


def test_references_are_written_out(fit_one: Fit) -> None:
    city = {"type": "string", "description": "A city."}
    assert fit_one({"$ref": "#/$defs/city"}, city=city) == city
    assert fit_one({"$ref": "#/$defs/city", "description": "Where."}, city=city) == {
        "type": "string",
        "description": "Where. A city.",
    }
    assert fit_one({"$ref": "#/$defs/one"}, one={"$ref": "#/$defs/two"}, two=city) == city


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        ("#/$defs/a~1b%20~0", 1),
        ("#/$defs/list/1", 2),
        ("#/$defs/list/7", 0),
        ("#/$defs/list/x/y", 0),
        ("#/$defs/none", 0),
        ("#anchor", 0),
        ("http://example.org/a", 0),
    ],
)  # fmt: skip - a table
def test_references_are_json_pointers(fit_one: Fit, ref: str, found: int) -> None:
    one, two = {"title": "1"}, {"title": "2"}
    fitted = fit_one({"$ref": ref}, **{"a/b ~": one, "list": [one, two]})
    assert fitted == ({"title": str(found)} if found else {"description": f"See {ref}."})


def test_a_reference_that_is_no_text_is_restated(fit_one: Fit) -> None:
    assert fit_one({"$ref": 5}) == {"description": "$ref: 5."}


def test_a_recursive_reference_is_cut(fit_one: Fit, fit: Fit) -> None:
    node = {"type": "array", "items": {"$ref": "#/$defs/node"}}
    assert fit_one({"$ref": "#/$defs/node"}, node=node) == {
        "type": "array",
        "items": {"type": "array", "description": "Again of the form node."},
    }
    again = fit({"properties": {"me": {"$ref": "#"}}})["properties"]["me"]["properties"]["me"]
    assert again == {"type": "object", "description": "Again of the form the whole."}
    assert fit_one({"$ref": "#/$defs/x"}, x={"$ref": "#/$defs/x"})["type"] == "object"


def test_a_schema_that_grows_without_end_is_left_open(fit_one: Fit) -> None:
    bomb = {
        f"d{at}": {"properties": {name: {"$ref": f"#/$defs/d{at + 1}"} for name in "abcd"}}
        for at in range(12)
    }
    fitted = msgspec.json.encode(fit_one({"$ref": "#/$defs/d0"}, **bomb))
    assert len(fitted) < MAX_NODES * 60


def test_a_chain_of_references_ends_somewhere(fit_one: Fit) -> None:
    chain = {f"d{at}": {"items": {"$ref": f"#/$defs/d{at + 1}"}} for at in range(99)}
    fitted, depth = fit_one({"$ref": "#/$defs/d0"}, **chain), 0
    while "items" in fitted:
        fitted, depth = fitted["items"], depth + 1
    assert depth == MAX_DEPTH
    assert fitted == {}


@pytest.mark.parametrize(
    ("schema", "fitted"),
    [
        (
            {"allOf": [{"type": "string"}, {"description": "x"}]},
            {"type": "string", "description": "x"},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"type": "string", "description": "May be null."},
        ),
        ({"anyOf": [{"type": "null"}]}, {"type": "null"}),
        ({"anyOf": []}, {}),
        ({"anyOf": None}, {}),
        ({"oneOf": [{"const": "a"}, {"const": "b"}, {"const": "a"}]}, {"enum": ["a", "b"]}),
        ({"oneOf": [False, {"type": "string"}]}, {"type": "string"}),
    ],
)  # fmt: skip - a table
def test_alternatives_become_one(fit_one: Fit, schema: Any, fitted: Any) -> None:
    assert fit_one(schema) == fitted


def test_variants_that_differ_in_a_property_meet_in_it(fit_one: Fit, rules: list[str]) -> None:
    cat = {"type": "object", "properties": {"kind": {"const": "cat"}}, "required": ["kind"]}
    dog = {"type": "object", "properties": {"kind": {"const": "dog"}}, "required": ["kind"]}
    assert fit_one({"oneOf": [{"$ref": "#/$defs/cat"}, dog]}, cat=cat) == {
        "type": "object",
        "properties": {"kind": {"enum": ["cat", "dog"]}},
        "required": ["kind"],
    }
    assert rules == ["T10"]


def test_nul_in_a_schema_is_dropped(fit_one: Fit) -> None:
    assert fit_one({"description": "a\0b"}) == {"description": "ab"}


@pytest.mark.parametrize("size", [10, 20_000], ids=["remembered", "too long for that"])
def test_a_schema_that_came_before_is_told_of_as_at_first(
    fit: Fit, rules: list[str], size: int
) -> None:
    schema = {"type": "object", "properties": {"x": {"const": "y" * size}}}
    first = fit(schema)
    told = [*rules]
    rules.clear()
    assert fit(schema) == first
    assert rules == told != []
