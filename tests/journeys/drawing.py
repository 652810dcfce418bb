"""Draws what a schema of our OpenAPI document allows, and what is nearly that."""

from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.journeys.described import Described

Schema: TypeAlias = dict[str, Any]
Drawn: TypeAlias = st.SearchStrategy[Any]
MOST_OPTIONAL = 4
"""Fields that an object has beside those it must have: where it has all, one of them is refused."""
GONE = object()
"""In place of a value that is left out."""
PLAIN: dict[str, Drawn] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.integers() | st.integers(1, 9),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "string": st.text(max_size=40),
}
ANYTHING = st.recursive(
    st.one_of(*PLAIN.values()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


class Drawing:
    """Draws by the schemas of a document; half of the time what its examples have in that field."""

    def __init__(self, described: Described, *more: Any) -> None:
        self._described = described
        self._components: dict[str, Drawn] = {}
        self._sensible: dict[str, list[Any]] = defaultdict(list)
        paths = described.document["paths"]
        known = [described.examples(path) for path, item in paths.items() if "post" in item]
        for name, value in _fields([*known, *more]):
            if value not in self._sensible[name]:
                self._sensible[name].append(value)

    def allowed(self, schema: Schema, field: str = "") -> Drawn:
        """Draw a value that the schema allows."""
        examples = self._sensible.get(field, [])
        sensible = [each for each in examples if not self._described.faults(schema, each)]
        drawn = self._allowed(schema)
        return st.sampled_from(sensible) | drawn if sensible else drawn

    def changed(self, schema: Schema) -> Drawn:
        """Draw such a value with another one, or none, in one place of it: mostly it is refused."""
        other = ANYTHING | st.just(GONE)
        return st.builds(_changed, self.allowed(schema), st.integers(0, 99), other)

    def _allowed(self, schema: Schema) -> Drawn:
        match schema:
            case {"$ref": ref}:
                return self._component(ref.rpartition("/")[2])
            case {"anyOf": several}:
                return st.one_of([self._allowed(each) for each in several])
            case {"enum": values}:
                return st.sampled_from(values)
            case {"type": "object"}:
                return self._object(schema.get("properties", {}), schema.get("required", []))
            case {"type": "array"}:
                return st.lists(self._allowed(schema.get("items", {})), max_size=3)
        return PLAIN[schema["type"]] if "type" in schema else st.none() | ANYTHING

    def _component(self, name: str) -> Drawn:
        if name not in self._components:
            schema = self._described.document["components"]["schemas"][name]
            self._components[name] = st.deferred(lambda: self._allowed(schema))
        return self._components[name]

    def _object(self, properties: dict[str, Schema], required: list[str]) -> Drawn:
        drawn = {name: self.allowed(schema, name) for name, schema in properties.items()}
        must = st.fixed_dictionaries({name: drawn.pop(name) for name in required})
        if not drawn:
            return must
        names = st.lists(st.sampled_from(sorted(drawn)), max_size=MOST_OPTIONAL, unique=True)
        may = names.flatmap(
            lambda those: st.fixed_dictionaries({each: drawn[each] for each in those})
        )
        return st.builds(lambda one, other: one | other, must, may)


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield each field within a value, by its name."""
    if isinstance(value, dict):
        yield from value.items()
    for inner in _inside(value):
        yield from _fields(inner)


def _changed(value: Any, place: int, other: Any) -> Any:
    whole = [deepcopy(value)]
    places = list(_places(whole))
    holder, key = places[place % len(places)]
    if other is GONE and isinstance(holder, dict):
        del holder[key]
    else:
        holder[key] = None if other is GONE else other
    return whole[0]


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place within a value, as what holds it and its key."""
    for key in holder if isinstance(holder, dict) else range(len(holder)):
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
