"""The guard of every route but the open ones: the key."""

from litestar.handlers import BaseRouteHandler

from ki2api.web.headers import plain
from ki2api.web.reading import CALLER, Connection, gateway_of, peer

OPEN = "ki2api_open"
"""The route option that leaves a route without a guard."""


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let a call pass; raises Unauthenticated. A plain function would be run in a thread."""
    if handler.opt.get(OPEN):
        return
    headers = plain(connection.scope["headers"])
    keys = gateway_of(connection).keys
    connection.scope["state"][CALLER] = keys.admit(headers, peer(connection))
