"""The kind of route that requests take all the time."""

from collections.abc import Mapping
from typing import Any

from litestar import HttpMethod, Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ExceptionHandlersMap, Receive, Scope, Send

from ki2api.web.answers import EXCEPTION_HANDLERS


class _Route(HTTPRouteHandler):
    """A route that knows who answers for its errors: Litestar puts that together each time."""

    def resolve_exception_handlers(self) -> ExceptionHandlersMap:
        return EXCEPTION_HANDLERS


async def _call(scope: Scope, receive: Receive, send: Send) -> None:
    """Ask the guards of the route that was chosen, and let its handler answer; part of ASGI."""
    handler: Any = scope["route_handler"]
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    for guard in handler.resolve_guards():
        await guard(request, handler)
    answer: ASGIApp = await handler.fn(request)
    await answer(scope, receive, send)


def _straight(app: ASGIApp) -> ASGIApp:  # noqa: ARG001 - as Litestar calls it
    """Stand in the place of what Litestar does for handlers of any kind, with any arguments."""
    return _call


def post(path: str, *, opt: Mapping[str, Any]) -> HTTPRouteHandler:
    """Make a route for POST, whose handler takes the request alone and returns an ASGI app."""
    return _Route(
        path, http_method=HttpMethod.POST, status_code=200, opt=opt, middleware=[_straight]
    )
