"""Paths as clients write them by mistake, put right before a route is chosen.

A base URL with or without `/v1` where it should be the other way round is the most common mistake
in a client's settings. The call is served, its answer says so in a header, and no client is ever
sent elsewhere: the path alone changes, so every route keeps its guard.
"""

from collections.abc import Awaitable, Iterable
from typing import Any

import loguru
from litestar.routes import BaseRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ki2api.web.journal import shown

HINT = b"x-ki2api-hint"
_VERSION = "v1"
_HINTS = {
    "doubled": b"the base URL has one /v1 too many",
    "missing": b"the base URL should end in /v1",
}


class LenientPaths:
    """The app, with paths put right, and with HEAD answered wherever GET is."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._known = {route.path_format for route in routes}
        parts = map(_parts, self._known)
        self._first = {part[1] for part in parts if part[:1] == [_VERSION]}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request; part of ASGI. Hands on the coroutine of what is inside."""
        path, hint = scope["path"], b""
        if path not in self._known:
            path, hint = self._corrected(path)
        head = scope.get("method") == "HEAD"  # a WebSocket has no method
        if path == scope["path"] and not head:
            return self._app(scope, receive, send)
        if hint:
            loguru.logger.debug("{!r} is served as {!r}", shown(scope["path"]), shown(path))
        # A copy: to the server this stays the request that came.
        changed: Any = {**scope, "path": path, "raw_path": path.encode()}
        if head:
            changed["method"] = "GET"
        return self._app(changed, receive, _Answer(send, hint, bare=head))

    def _corrected(self, path: str) -> tuple[str, bytes]:
        parts, hint = _parts(path), b""
        while parts[:2] == [_VERSION, _VERSION]:
            del parts[0]
            hint = _HINTS["doubled"]
        if parts and parts[0] in self._first:
            parts.insert(0, _VERSION)
            hint = _HINTS["missing"]
        return "/" + "/".join(parts), hint


class _Answer:
    """Sends an answer with a hint in its head, and where it is asked for, without its body."""

    def __init__(self, send: Send, hint: bytes, *, bare: bool) -> None:
        self._send = send
        self._hint = hint
        self._bare = bare

    async def __call__(self, message: Message) -> None:
        changed: Any = message
        if message["type"] == "http.response.start" and self._hint:
            changed = {**message, "headers": [*message["headers"], (HINT, self._hint)]}
        elif message["type"] == "http.response.body" and self._bare:
            changed = {**message, "body": b""}
        await self._send(changed)


def _parts(path: str) -> list[str]:
    """Cut a path at its slashes, of which any number in a row is as good as one."""
    return [part for part in path.split("/") if part]
