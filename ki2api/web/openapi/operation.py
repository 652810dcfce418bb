"""What a route says of itself, beside what its handler shows already."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from ki2api.errors import GatewayError
from ki2api.protocols import ClientProtocol

OPERATION = "ki2api_operation"
"""The route option that holds an Operation."""

JSONObject: TypeAlias = dict[str, Any]
Tag: TypeAlias = Literal["OpenAI", "Anthropic", "Models", "Gateway"]


class Shape(msgspec.Struct, frozen=True):
    """A type that the document describes; its schemas' names begin with the prefix."""

    kind: Any
    prefix: str = ""


class Dialect(msgspec.Struct, frozen=True):
    """How one client dialect tells of errors."""

    protocol: ClientProtocol
    table: Mapping[type[GatewayError], tuple[Any, ...]]
    """Each row begins with the status."""
    error: Shape


class Request(msgspec.Struct, frozen=True):
    """A JSON body, examples of it that work, and what is to be said of some of its fields."""

    shape: Shape
    examples: Mapping[str, Any]
    notes: Mapping[str, str]


class Result(msgspec.Struct, frozen=True):
    """A JSON body that comes with status 200, and maybe an example of it, as it is sent."""

    shape: Shape
    example: bytes = b""


class Stream(msgspec.Struct, frozen=True):
    """Server-sent events: the JSON of their data, their order in words, and a whole stream."""

    events: tuple[Shape, ...]
    order: str
    example: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One route; where it has several dialects, a header of the caller chooses among them."""

    tag: Tag
    dialects: tuple[Dialect, ...]
    errors: tuple[type[GatewayError], ...]
    results: tuple[Result, ...]
    request: Request | None = None
    stream: Stream | None = None
    parameters: tuple[JSONObject, ...] = ()
