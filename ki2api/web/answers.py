"""Complete answers: of routes that ask no model, and of errors anywhere in the house."""

from collections.abc import Mapping
from re import compile as pattern
from re import fullmatch
from typing import Any, TypeAlias

import loguru
from litestar import Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from ki2api.blame import blamed
from ki2api.errors import (
    GatewayError,
    InvalidRequest,
    NoWebSocket,
    RequestTooLarge,
    UnknownRoute,
    WrongMethod,
)
from ki2api.protocols import Body
from ki2api.web.headers import public_id
from ki2api.web.journal import refusal
from ki2api.web.reading import AnyRequest, BodyCut, dialect, gateway_of, request_id

Answer: TypeAlias = Response[bytes]
_PARAMETER = pattern(r"\{[^}]*\}")


def complete(request: AnyRequest, body: Body, headers: Mapping[str, str] | None = None) -> Answer:
    """Make the answer of a route."""
    return Response(
        body.content,
        status_code=body.status,
        media_type=body.media_type,
        headers={
            **gateway_of(request).headers(request_id(request)),
            **body.headers,
            **(headers or {}),
        },
    )


def refused(request: AnyRequest, error: GatewayError) -> Answer:
    """Say in the caller's dialect what is wrong."""
    extra: dict[str, str] = {}
    if isinstance(error, WrongMethod):
        extra["allow"] = error.allow
    if isinstance(error, RequestTooLarge):
        extra["connection"] = "close"
    name = public_id(request_id(request))
    body = dialect(request).encode_error(error, name)
    refusal(name, request.scope["path"], body.status, error, method=request.method)
    return complete(request, body, extra)


def _refused_by_litestar(request: AnyRequest, error: HTTPException) -> Answer:
    path = request.scope["path"]
    routes = _routes(request)
    match error:
        case MethodNotAllowedException() if _wants_websocket(request):
            return refused(request, NoWebSocket("No WebSocket is served here: call by POST."))
        case MethodNotAllowedException():
            allow = ", ".join(_methods(routes, path.rstrip("/")))
            return refused(
                request,
                WrongMethod(f"{request.method} is not possible here: use {allow}.", allow=allow),
            )
        case NotFoundException():
            known = ", ".join(f"{' '.join(methods)} {route}" for route, methods in routes.items())
            return refused(
                request, UnknownRoute(f"There is no {path[:200]!r} here. There are: {known}.")
            )
        case _:
            return refused(request, InvalidRequest(error.detail))


def _wants_websocket(request: AnyRequest) -> bool:
    return request.headers.get("upgrade", "").lower() == "websocket"


def _bug(request: AnyRequest, error: Exception) -> Answer:
    flow = public_id(request_id(request))
    loguru.logger.bind(flow=flow).opt(exception=error).error(
        "a request failed by an error in the code of a stage or of Ki2API"
    )
    return refused(request, blamed(error, flow))


def _nobody_there(request: AnyRequest, _: Exception) -> Answer:
    return complete(request, Body(b"", status=400))


def _methods(routes: Mapping[str, list[str]], path: str) -> list[str]:
    """Return the methods of a route: the path itself, or the closest template that it fits."""
    fitting = [route for route in routes if fullmatch(_PARAMETER.sub(".+", route), path)]
    return routes.get(path) or routes.get(max(fitting, key=len, default=""), [])


def _routes(request: AnyRequest) -> dict[str, list[str]]:
    return {
        route.path_format: sorted(str(method) for method in set(route.methods) - {"OPTIONS"})
        for route in sorted(request.app.routes, key=lambda route: route.path)
    }


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    GatewayError: refused,
    BodyCut: _nobody_there,
    HTTPException: _refused_by_litestar,
    Exception: _bug,
}
