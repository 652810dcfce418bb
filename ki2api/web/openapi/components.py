"""The schemas of all that is asked and answered, from the structs themselves."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ki2api.protocols.reading import UNKNOWN
from ki2api.web.openapi.operation import JSONObject, Operation, Shape


def schemas_of(
    operations: Iterable[Operation],
) -> tuple[dict[Shape, JSONObject], dict[str, JSONObject]]:
    """Return the schema of each shape, and the components that these refer to."""
    shapes = {shape for operation in operations for shape in _shapes(operation)}
    schemas: dict[Shape, JSONObject] = {}
    components: dict[str, JSONObject] = {}
    for prefix in sorted({shape.prefix for shape in shapes}):
        family = sorted((shape for shape in shapes if shape.prefix == prefix), key=str)
        made, parts = msgspec.json.schema_components(
            [shape.kind for shape in family], ref_template=_ref(prefix + "{name}")
        )
        schemas |= zip(family, made, strict=True)
        components |= {prefix + name: part for name, part in parts.items()}
    for request in filter(None, (operation.request for operation in operations)):
        if request.notes:
            _note(components[schemas[request.shape]["$ref"].rpartition("/")[2]], request.notes)
    return schemas, _without_unknown(components)


def _ref(name: str) -> str:
    return f"#/components/schemas/{name}"


def _shapes(operation: Operation) -> Iterator[Shape]:
    for dialect in operation.dialects:
        yield dialect.error
    for result in operation.results:
        yield result.shape
    if operation.request:
        yield operation.request.shape
    if operation.stream:
        yield from operation.stream.events


def _note(schema: JSONObject, notes: Mapping[str, str]) -> None:
    for field, note in notes.items():
        schema["properties"][field]["description"] = note


def _without_unknown(components: dict[str, JSONObject]) -> dict[str, JSONObject]:
    """Leave out the structs that only catch what a dialect does not know."""
    unknown = {
        name
        for name, schema in components.items()
        if schema["properties"].get("type", {}).get("enum") == [UNKNOWN]
    }
    refs = [{"$ref": _ref(name)} for name in unknown]
    return {
        name: _without(schema, refs) for name, schema in components.items() if name not in unknown
    }


def _without(schema: Any, refs: list[JSONObject]) -> Any:
    match schema:
        case dict():
            return {key: _without(value, refs) for key, value in schema.items() if key != UNKNOWN}
        case list():
            return [_without(value, refs) for value in schema if value not in refs]
        case _:
            return schema
