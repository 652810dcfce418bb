"""What each keyword of JSON Schema asks of a value."""

from collections.abc import Callable, Hashable, Mapping, Sized
from typing import Any, TypeAlias, cast

from msgspec import Struct

MOST_STEPS = 200_000
"""Schemas looked into for one value: references may multiply without end."""
_CHEAP = 10
"""Values that are compared for the price of a schema."""


class TooDeep(Exception):
    """The schema leads further than any value would need."""


class Case(Struct, frozen=True):
    """One keyword at work: what it says, the schema around it, the value and its place."""

    told: Any
    schema: Mapping[str, Any]
    value: Any
    at: str
    steps: "Steps"

    def inner(self, schema: Any, value: Any, more: str = "") -> str | None:
        """Look into a part of the value, or at the same value by another schema."""
        return self.steps.fault(schema, value, self.at + more)


Rule: TypeAlias = Callable[[Case], str | None]


class Steps:
    """Looks at one value by one schema."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = MOST_STEPS

    def fault(self, schema: Any, value: Any, at: str) -> str | None:
        """Say what is wrong first, or None."""
        self.spend(1)
        if isinstance(schema, bool):
            return None if schema else f"{at}: must not be there"
        for keyword, told in schema.items():
            rule = RULES.get(keyword)
            if rule and (fault := rule(Case(told, schema, value, at, self))):
                return fault
        return None

    def spend(self, steps: int) -> None:
        """Count what looking costs; raises TooDeep where it is too much."""
        self._left -= steps
        if self._left < 0:
            raise TooDeep

    def target(self, reference: str) -> Any:
        """Follow a reference such as #/$defs/node; raises LookupError, ValueError."""
        start, *path = reference.split("/")
        if start != "#":
            raise ValueError(reference)
        found = self._root
        for step in path:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
        return found


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _plain(value: Any) -> Hashable:
    """Say a value so that two are equal as JSON Schema has it: 1 is 1.0, and not true."""
    match value:
        case bool():
            return ("true",) if value else ("false",)
        case list():
            return ("list", *map(_plain, value))
        case dict():
            return frozenset((name, _plain(inner)) for name, inner in value.items())
    return cast("Hashable", value)


def _type(case: Case) -> str | None:
    names = case.told if isinstance(case.told, list) else [case.told]
    if any(TYPES[name](case.value) for name in names):
        return None
    return f"{case.at}: must be of type {' or '.join(names)}"


def _enum(case: Case) -> str | None:
    case.steps.spend(len(case.told) // _CHEAP)
    wanted = _plain(case.value)
    fits = any(_plain(each) == wanted for each in case.told)
    return None if fits else f"{case.at}: is none of the values allowed"


def _const(case: Case) -> str | None:
    return (
        None
        if _plain(case.told) == _plain(case.value)
        else f"{case.at}: is not the one value allowed"
    )


def _properties(case: Case) -> str | None:
    if not isinstance(case.value, dict):
        return None
    looked = (
        case.inner(schema, case.value[name], f".{name}")
        for name, schema in case.told.items()
        if name in case.value
    )
    return next(filter(None, looked), None)


def _additional(case: Case) -> str | None:
    if not isinstance(case.value, dict):
        return None
    known = case.schema.get("properties", {})
    more = [name for name in case.value if name not in known]
    looked = (case.inner(case.told, case.value[name], f".{name}") for name in more)
    return next(filter(None, looked), None)


def _required(case: Case) -> str | None:
    if not isinstance(case.value, dict):
        return None
    missing = [name for name in case.told if name not in case.value]
    return f"{case.at}.{missing[0]}: is required" if missing else None


def _items(case: Case) -> str | None:
    if isinstance(case.told, list):
        return _prefix_items(case)
    if not isinstance(case.value, list):
        return None
    first = len(case.schema.get("prefixItems", ()))
    rest = enumerate(case.value[first:], start=first)
    looked = (case.inner(case.told, item, f"[{index}]") for index, item in rest)
    return next(filter(None, looked), None)


def _prefix_items(case: Case) -> str | None:
    if not isinstance(case.value, list):
        return None
    pairs = enumerate(zip(case.told, case.value, strict=False))
    looked = (case.inner(schema, item, f"[{index}]") for index, (schema, item) in pairs)
    return next(filter(None, looked), None)


def _unique(case: Case) -> str | None:
    items = case.value if case.told is True and isinstance(case.value, list) else []
    twice = len(set(map(_plain, items))) < len(items)
    return f"{case.at}: holds the same item twice" if twice else None


def _all_of(case: Case) -> str | None:
    return next(filter(None, (case.inner(schema, case.value) for schema in case.told)), None)


def _any_of(case: Case) -> str | None:
    faults = [case.inner(schema, case.value) for schema in case.told]
    return None if None in faults else f"{case.at}: fits none of the alternatives allowed"


def _one_of(case: Case) -> str | None:
    fitting = [case.inner(schema, case.value) for schema in case.told].count(None)
    return None if fitting == 1 else f"{case.at}: fits {fitting} of the alternatives, not one"


def _not(case: Case) -> str | None:
    fits = case.inner(case.told, case.value) is None
    return f"{case.at}: is what it must not be" if fits else None


def _if(case: Case) -> str | None:
    branch = "then" if case.inner(case.told, case.value) is None else "else"
    return case.inner(case.schema.get(branch, True), case.value)


def _reference(case: Case) -> str | None:
    return case.inner(case.steps.target(case.told), case.value)


def _multiple(case: Case) -> str | None:
    if not _is_number(case.value):
        return None
    times = case.value / case.told
    near = abs(times - round(times)) <= 1e-9 * max(1.0, abs(times))
    return None if near else f"{case.at}: is not a multiple of {case.told}"


def _number(words: str, fits: Callable[[Any, Any], bool]) -> Rule:
    def rule(case: Case) -> str | None:
        if not _is_number(case.value) or fits(case.value, case.told):
            return None
        return f"{case.at}: must be {words} {case.told}"

    return rule


def _size(kind: type[Sized], words: str, fits: Callable[[int, Any], bool]) -> Rule:
    def rule(case: Case) -> str | None:
        if not isinstance(case.value, kind) or fits(len(case.value), case.told):
            return None
        return f"{case.at}: must have {words} {case.told} {_COUNTED[kind]}"

    return rule


_COUNTED: Mapping[type, str] = {str: "letters", list: "items", dict: "properties"}


def _at_least(value: Any, told: Any) -> bool:
    return bool(value >= told)


def _at_most(value: Any, told: Any) -> bool:
    return bool(value <= told)


RULES: Mapping[str, Rule] = {
    "$ref": _reference,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "prefixItems": _prefix_items,
    "items": _items,
    "uniqueItems": _unique,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
    "multipleOf": _multiple,
    "minimum": _number("at least", _at_least),
    "maximum": _number("at most", _at_most),
    "exclusiveMinimum": _number("more than", lambda value, told: bool(value > told)),
    "exclusiveMaximum": _number("less than", lambda value, told: bool(value < told)),
    "minLength": _size(str, "at least", _at_least),
    "maxLength": _size(str, "at most", _at_most),
    "minItems": _size(list, "at least", _at_least),
    "maxItems": _size(list, "at most", _at_most),
    "minProperties": _size(dict, "at least", _at_least),
    "maxProperties": _size(dict, "at most", _at_most),
}
