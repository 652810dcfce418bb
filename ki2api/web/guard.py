"""The guard of every route but the open ones: the key."""

from litestar.handlers import BaseRouteHandler

from ki2api.web.reading import CALLER, Connection, gateway_of, headers_of, peer

OPEN = "ki2api_open"
"""The route option that leaves a route without a guard."""


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let a call pass; raises Unauthenticated. A plain function would be run in a thread."""
    if handler.opt.get(OPEN):
        return
    keys = gateway_of(connection).keys
    admitted = keys.admit(headers_of(connection.scope), peer(connection))
    connection.scope["state"][CALLER] = admitted
