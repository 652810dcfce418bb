"""How a request names an operation, in either of the two bindings (docs/kiro.md §2.2)."""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeAlias

import msgspec

from ki2api.simulator.http import Request, Wire
from ki2api.simulator.records import Binding
from ki2api.simulator.refusals import JSON_10, Refusal, refusal
from ki2api.simulator.world import World

Operation: TypeAlias = Callable[[Request, Wire], Awaitable[None]]


class Plane(Protocol):
    """A set of operations."""

    def find(self, request: Request) -> Operation | None:
        """Find the operation that a request names."""
        ...


class Host:
    """One host of the service: the planes it serves, and how it says no."""

    def __init__(self, world: World, name: str, *planes: Plane, regions: AbstractSet[str]) -> None:
        self._world = world
        self._name = name
        self._planes = planes
        self._regions = regions

    async def __call__(self, request: Request, wire: Wire) -> None:
        """Answer one request."""
        try:
            await self._operation(request)(request, wire)
        except Refusal as refused:
            self._world.note_refusal(self._name, request, refused)
            content_type = JSON_10 if binding_of(request) == "json-1.0" else "application/json"
            headers = {
                **refused.headers(content_type),
                "x-amzn-requestid": self._world.identifiers.uuid(),
            }
            await wire.respond(refused.words.status, headers, refused.body(content_type))

    def _operation(self, request: Request) -> Operation:
        if request.region and request.region not in self._regions:
            raise refusal("unknown-operation", rule="region")
        for plane in self._planes:
            if operation := plane.find(request):
                return operation
        raise refusal("unknown-operation")


def media_type(request: Request) -> str:
    """Give the content type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def binding_of(request: Request) -> Binding:
    """Tell the binding of a request."""
    return "json-1.0" if media_type(request) == JSON_10 else "rest"


def object_in(request: Request) -> dict[str, Any]:
    """Read a JSON object from a request's body."""
    try:
        body = msgspec.json.decode(request.body)
    except msgspec.DecodeError as error:
        raise refusal("not-json") from error
    if not isinstance(body, dict):
        raise refusal("improper", rule="schema")
    return body
