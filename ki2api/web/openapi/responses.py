"""The responses of a route by their status: what it gives, and each error that it may tell."""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from ki2api.errors import GatewayError, WrongMethod
from ki2api.protocols import JSON
from ki2api.protocols.refusing import row_of
from ki2api.web.headers import public_id
from ki2api.web.openapi.operation import Dialect, JSONObject, Operation, Result, Shape, Stream
from ki2api.web.openapi.sample import REQUEST_ID

SSE = "text/event-stream"
ALWAYS = ("x-request-id", "x-ki2api-warning", "x-ki2api-hint")
ON_ERROR = (*ALWAYS, "retry-after", "x-should-retry")

Schemas: TypeAlias = Mapping[Shape, JSONObject]
Told: TypeAlias = tuple[Dialect, GatewayError]


def responses(operation: Operation, schemas: Schemas) -> JSONObject:
    """Make all of a route's responses."""
    refusals: dict[int, list[Told]] = defaultdict(list)
    for dialect in operation.dialects:
        for error in map(_raised, operation.errors):
            refusals[row_of(error, dialect.table)[0]].append((dialect, error))
    return {
        "200": _success(operation, schemas),
        **{str(status): _refusal(refusals[status], schemas) for status in sorted(refusals)},
    }


def _success(operation: Operation, schemas: Schemas) -> JSONObject:
    content = {JSON: _results(operation.results, schemas)}
    said = "The answer."
    if operation.stream:
        content[SSE] = _stream(operation.stream, schemas)
        said = "The reply: whole, or as server-sent events where `stream` is true."
    return {"description": said, "headers": _headers(ALWAYS), "content": content}


def _results(results: Sequence[Result], schemas: Schemas) -> JSONObject:
    schema = {"schema": _any_of(schemas[result.shape] for result in results)}
    examples = {
        result.shape.kind.__name__: {"value": msgspec.json.decode(result.example)}
        for result in results
        if result.example
    }
    return {**schema, "examples": examples} if examples else schema


def _stream(stream: Stream, schemas: Schemas) -> JSONObject:
    # OpenAPI 3.1 has no word for events; these two are JSON Schema's for a text that holds others.
    schema = {
        "type": "string",
        "description": stream.order,
        "contentMediaType": SSE,
        "contentSchema": {
            "type": "array",
            "items": _any_of(schemas[event] for event in stream.events),
        },
    }
    return {"schema": schema, "examples": {"stream": {"value": stream.example}}}


def _refusal(told: Sequence[Told], schemas: Schemas) -> JSONObject:
    wrong_method = any(isinstance(error, WrongMethod) for _, error in told)
    return {
        "description": "\n".join(dict.fromkeys(f"- {error.detail}" for _, error in told)),
        "headers": _headers((*ON_ERROR, "allow") if wrong_method else ON_ERROR),
        "content": {
            JSON: {
                "schema": _any_of(schemas[dialect.error] for dialect, _ in told),
                "examples": {_name(each): {"value": _body(each)} for each in told},
            }
        },
    }


def _name(told: Told) -> str:
    dialect, error = told
    return f"{dialect.protocol.name}-{type(error).__name__}"


def _body(told: Told) -> Any:
    dialect, error = told
    return msgspec.json.decode(dialect.protocol.encode_error(error, public_id(REQUEST_ID)).content)


def _raised(kind: type[GatewayError]) -> GatewayError:
    """Make an error that says what its class says of itself, less the asides in brackets."""
    said = re.sub(r" \([^)]*\)", "", inspect.cleandoc(kind.__doc__ or "").splitlines()[0])
    return kind(said, allow="POST") if issubclass(kind, WrongMethod) else kind(said)


def _headers(names: Iterable[str]) -> JSONObject:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _any_of(schemas: Iterable[JSONObject]) -> JSONObject:
    different: list[JSONObject] = []
    for schema in schemas:
        if schema not in different:
            different.append(schema)
    return different[0] if len(different) == 1 else {"anyOf": different}
