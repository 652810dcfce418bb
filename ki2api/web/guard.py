"""The guard of every route but /health: the key, the host name and the origin."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from ki2api.web.gateway import Gateway
from ki2api.web.headers import plain

OPEN = "ki2api_open"
"""The route option that leaves a route without a guard."""


def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a call pass; raises Unauthenticated or Forbidden."""
    if handler.opt.get(OPEN):
        return
    gateway: Gateway = connection.app.state.gateway
    headers = plain(connection.scope["headers"])
    gateway.neighbourhood.check(headers, any_host=not gateway.keys.default_active)
    gateway.keys.admit(headers, peer(connection))


def peer(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the address that the connection comes from, or nothing for a local socket."""
    client = connection.scope["client"]
    return client[0] if client else ""
