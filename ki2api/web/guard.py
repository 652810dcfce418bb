"""The guard of every route but /health: the key, the host name and the origin."""

from litestar.handlers import BaseRouteHandler

from ki2api.web.headers import plain
from ki2api.web.reading import CALLER, Connection, gateway_of, peer

OPEN = "ki2api_open"
"""The route option that leaves a route without a guard."""


def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let a call pass; raises Unauthenticated or Forbidden."""
    if handler.opt.get(OPEN):
        return
    gateway = gateway_of(connection)
    headers = plain(connection.scope["headers"])
    gateway.neighbourhood.check(headers, any_host=not gateway.keys.default_active)
    connection.scope["state"][CALLER] = gateway.keys.admit(headers, peer(connection))
