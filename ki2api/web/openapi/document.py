"""Puts the document together out of the routes of an app."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from ki2api.protocols import JSON
from ki2api.web.guard import OPEN
from ki2api.web.openapi.components import schemas_of
from ki2api.web.openapi.front import fixed_components, front
from ki2api.web.openapi.operation import OPERATION, JSONObject, Operation, Request
from ki2api.web.openapi.responses import Schemas, responses

ANTHROPIC_VERSION = {
    "name": "anthropic-version",
    "in": "header",
    "description": "Whoever sends it, with any value, is answered in Anthropic's shape.",
    "schema": {"type": "string"},
}


def document(routes: Iterable[BaseRoute]) -> JSONObject:
    """Return the OpenAPI document of these routes."""
    described = list(_described(routes))
    schemas, components = schemas_of([operation for *_, operation in described])
    paths: dict[str, JSONObject] = defaultdict(dict)
    for path, handler, operation in described:
        for method in handler.http_methods:
            paths[path][method.lower()] = _path(handler, operation, schemas)
    return {**front(), "paths": paths, "components": {"schemas": components, **fixed_components()}}


def _described(
    routes: Iterable[BaseRoute],
) -> Iterator[tuple[str, HTTPRouteHandler, Operation]]:
    for route in routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            if OPERATION in handler.opt:
                yield route.path_format, handler, handler.opt[OPERATION]


def _path(handler: HTTPRouteHandler, operation: Operation, schemas: Schemas) -> JSONObject:
    chosen = (ANTHROPIC_VERSION,) if len(operation.dialects) > 1 else ()
    said: JSONObject = {
        "operationId": handler.handler_name,
        "summary": handler.fn.__doc__,
        "tags": [operation.tag],
        "parameters": [*operation.parameters, *chosen],
        "responses": responses(operation, schemas),
    }
    if operation.request:
        said["requestBody"] = _body(operation.request, schemas)
    if handler.opt.get(OPEN):
        said["security"] = []
    return said


def _body(request: Request, schemas: Schemas) -> JSONObject:
    examples = {name: {"value": value} for name, value in request.examples.items()}
    return {
        "required": True,
        "content": {JSON: {"schema": schemas[request.shape], "examples": examples}},
    }
