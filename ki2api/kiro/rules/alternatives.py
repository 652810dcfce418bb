"""How several JSON Schemas become one: both at once (`allOf`), or one of them (`anyOf`, `oneOf`).

Schemas here are raw but for their references, which are written out. Where two of them speak of one
property, the property gets an `allOf` or `anyOf` of its own, to be dealt with when it is reached.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

Schema: TypeAlias = dict[str, Any]

_LONGEST = 1_000
"""Characters of a restated value; what is longer tells a model little."""


def described(schema: Schema, note: str) -> Schema:
    """Return the schema with a note at the end of its description."""
    own = schema.get("description")
    texts = [text for text in (own, note) if isinstance(text, str) and text]
    return {**schema, "description": " ".join(texts)} if texts else schema


def compact(value: Any) -> str:
    """Write a value in a few words."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def names_in(value: Any) -> list[str]:
    """Return the strings of a list, each once, whatever else it is or holds."""
    if not isinstance(value, list):
        return []
    return list(dict.fromkeys(name for name in value if isinstance(name, str)))


def join(*schemas: Schema) -> Schema:
    """Make one schema that asks for all at once; what an earlier one says itself wins."""
    joined: Schema = {}
    for schema in reversed(schemas):
        joined |= schema
    if both := _properties("allOf", schemas):
        joined["properties"] = both
    if required := names_in([name for schema in schemas for name in _as_list(schema)]):
        joined["required"] = required
    if said := _descriptions(schemas):
        joined["description"] = " ".join(dict.fromkeys(said))
    return joined


def merge(variants: Sequence[Schema]) -> Schema:
    """Make one schema that stands for several, and say in its description what it leaves open."""
    real = [variant for variant in variants if not _is_null(variant)]
    if not real:
        return {"type": "null"} if variants else {}
    merged = real[0] if len(real) == 1 else _merge_real(real)
    return described(merged, "May be null.") if len(real) < len(variants) else merged


def _merge_real(real: Sequence[Schema]) -> Schema:
    if all(map(_is_object, real)):
        return _merge_objects(real)
    if all(isinstance(variant.get("enum"), list) for variant in real):
        options = _each_once(option for variant in real for option in variant["enum"])
        return {**real[0], "enum": options}
    if all("type" in variant and variant.keys() <= {"type", "description"} for variant in real):
        types: Schema = {"type": _each_once(variant["type"] for variant in real)}
        return described(types, " ".join(_descriptions(real)))
    return described(real[0], f"Or: {compact(real[1:])}.")


def _merge_objects(real: Sequence[Schema]) -> Schema:
    sets = [names_in(variant.get("required")) for variant in real]
    common = set(sets[0]).intersection(*sets)
    always = [name for name in sets[0] if name in common]
    merged: Schema = {"type": "object", "properties": _properties("anyOf", real)}
    if always:
        merged["required"] = always
    merged = described(merged, " ".join(_descriptions(real)))
    if any(each != sets[0] for each in sets):
        ways = _each_once(" and ".join(each) or "none of these" for each in sets)
        merged = described(merged, f"Needs {', or '.join(ways)}.")
    return merged


def _properties(together: str, schemas: Iterable[Schema]) -> Schema:
    found: dict[str, dict[bytes, Any]] = {}
    for schema in schemas:
        properties = schema.get("properties")
        for name, value in properties.items() if isinstance(properties, dict) else ():
            found.setdefault(name, {}).setdefault(_written(value), value)
    return {
        name: next(iter(values.values())) if len(values) == 1 else {together: [*values.values()]}
        for name, values in found.items()
    }


def _descriptions(schemas: Iterable[Schema]) -> list[str]:
    texts = (schema.get("description") for schema in schemas)
    return [text for text in texts if isinstance(text, str) and text]


def _is_null(schema: Schema) -> bool:
    return schema.get("type") == "null" or schema.get("enum") == [None]


def _is_object(schema: Schema) -> bool:
    if "type" in schema:
        return bool(schema["type"] == "object")
    return not schema.keys().isdisjoint({"properties", "required"})


def _as_list(schema: Schema) -> list[Any]:
    required = schema.get("required")
    return required if isinstance(required, list) else []


def _each_once(values: Iterable[Any]) -> list[Any]:
    found: dict[bytes, Any] = {}
    for value in values:
        found.setdefault(_written(value), value)
    return list(found.values())


def _written(value: Any) -> bytes:
    # Compared by their JSON, thousands of values do not meet each other one by one.
    return msgspec.json.encode(value, order="deterministic")
