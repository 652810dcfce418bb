"""JSON Schema, as far as structured outputs go: what a value must look like, and where it does not.

Read are all keywords of 2020-12 and draft 7 but those in `UNREAD`, which are refused. `pattern`,
`format` and what only describes (`title`, `default`, …) are for the model to read, and are not
checked: patterns are written for another engine of regular expressions than Python's.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from ki2api.emulation.schema_rules import RULES, TYPES, Steps, TooDeep

UNREAD = frozenset(
    {
        "$dynamicRef",
        "$recursiveRef",
        "contains",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "maxContains",
        "minContains",
        "patternProperties",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONES = ("items", "additionalProperties", "not", "if", "then", "else")

_Fits: TypeAlias = Callable[[Any], bool]


class SchemaFault(Exception):
    """A schema that is none, or holds what is not read here; its text says where."""


class Schema:
    """One schema, read and found fit; raises SchemaFault."""

    def __init__(self, raw: msgspec.Raw) -> None:
        try:
            self._root = msgspec.json.decode(raw)
            _Reading(self._root).check(self._root, "$")
        except (msgspec.DecodeError, RecursionError):
            raise SchemaFault("$: it is nested too deeply") from None

    def fault(self, value: Any) -> str | None:
        """Say where a value does not fit, or None where it does."""
        try:
            return Steps(self._root).fault(self._root, value, "$")
        except (TooDeep, RecursionError):
            return "$: it is nested too deeply"
        except OverflowError:
            return "$: it holds a number that is too large"


class _Reading:
    """Checks all that a value may be looked at by, each schema once."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._checked: set[int] = set()

    def check(self, schema: Any, at: str) -> None:
        if isinstance(schema, bool) or id(schema) in self._checked:
            return
        if not isinstance(schema, dict):
            raise SchemaFault(f"{at}: a schema must be an object")
        self._checked.add(id(schema))
        if unread := sorted(UNREAD & schema.keys()):
            raise SchemaFault(f"{at}: {unread[0]} is not supported")
        for keyword, fits in _SHAPES.items():
            if keyword in schema and not fits(schema[keyword]):
                raise SchemaFault(f"{at}.{keyword}: not valid in a JSON Schema")
        if "$ref" in schema:
            # What it names may stand where no schema is expected, and be none.
            self.check(self._named(schema["$ref"], at), f"{at}.$ref")
        for inner, place in _inside(schema, at):
            self.check(inner, place)

    def _named(self, reference: Any, at: str) -> Any:
        try:
            return Steps(self._root).target(reference)
        except (LookupError, ValueError, TypeError, AttributeError):
            why = "only references within the schema are supported"
            raise SchemaFault(f"{at}.$ref: {why}") from None


def _inside(schema: Mapping[str, Any], at: str) -> Iterator[tuple[Any, str]]:
    for keyword in _MAPS:
        for name, inner in schema.get(keyword, {}).items():
            yield inner, f"{at}.{keyword}.{name}"
    tuples = ("items",) if isinstance(schema.get("items"), list) else ()
    for keyword in (*_LISTS, *tuples):
        for index, inner in enumerate(schema.get(keyword, ())):
            yield inner, f"{at}.{keyword}[{index}]"
    for keyword in set(_ONES) - set(tuples):
        yield schema.get(keyword, True), f"{at}.{keyword}"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _are_types(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return all(isinstance(name, str) and name in TYPES for name in names)


_SHAPES: Mapping[str, _Fits] = {
    "type": _are_types,
    "enum": _is_list,
    "required": _are_names,
    **dict.fromkeys(_MAPS, _is_map),
    **dict.fromkeys(_LISTS, _is_list),
    **dict.fromkeys((name for name in RULES if name.startswith(("min", "max"))), _is_number),
    "exclusiveMinimum": _is_number,
    "exclusiveMaximum": _is_number,
    "multipleOf": lambda value: _is_number(value) and value > 0,
}
