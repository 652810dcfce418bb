"""Reads a request: its body within the limits, and the dialect its sender speaks."""

import random
from re import compile as pattern
from typing import Any, TypeAlias

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.types import Scope

from ki2api.errors import RequestTooLarge, UnsupportedMedia
from ki2api.protocols import ClientProtocol, RawRequest
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_responses import OPENAI_RESPONSES
from ki2api.web.gateway import GATEWAY, Gateway
from ki2api.web.headers import plain
from ki2api.web.places import PLACE, Place

AnyRequest: TypeAlias = Request[Any, Any, Any]
Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]


JSON = "application/json"
_JSON = pattern(r"application/([\w.-]+\+)?json")
CALLER = "ki2api_caller"
"""Where in the ASGI state of a request the label of its key stands."""
_ID = "ki2api_id"
_HEADERS = "ki2api_headers"


class BodyCut(Exception):
    """The client left before its body was complete; there is nobody to tell."""


def gateway_of(connection: Connection) -> Gateway:
    """Return the gateway that serves this request from its beginning to its end."""
    gateway: Gateway = connection.scope["state"][GATEWAY]
    return gateway


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers of a request, which several must know, read once."""
    state: dict[str, Any] = scope["state"]
    headers: dict[str, str] | None = state.get(_HEADERS)
    if headers is None:
        headers = state[_HEADERS] = plain(scope["headers"])
    return headers


def peer(connection: Connection) -> str:
    """Return the address that the connection comes from, or nothing for a local socket."""
    client = connection.scope["client"]
    return client[0] if client else ""


def caller(connection: Connection) -> str:
    """Return the label of the key that the guard let in."""
    label: str = connection.scope["state"][CALLER]
    return label


def request_id(request: AnyRequest) -> str:
    """Return the id of this request, made when it is asked for first."""
    state: dict[str, Any] = request.scope["state"]
    name: str = state.get(_ID) or state.setdefault(_ID, new_id())
    return name


def new_id() -> str:
    """Make an id of a request: it has to differ from others, and need not be hard to guess."""
    return f"{random.getrandbits(48):012x}"


def dialect(request: AnyRequest) -> ClientProtocol:
    """Return the dialect to answer in: by the path, else by the header that only one SDK sends."""
    return dialect_of(request.scope["path"], anthropic="anthropic-version" in request.headers)


def dialect_of(path: str, *, anthropic: bool) -> ClientProtocol:
    """Return the dialect of a path; where it serves several, the caller's header decides."""
    if path.startswith("/v1/messages"):
        return ANTHROPIC
    if path.startswith("/v1/responses"):
        return OPENAI_RESPONSES
    if path.startswith("/v1/chat/"):
        return OPENAI_CHAT
    return ANTHROPIC if anthropic else OPENAI_CHAT


async def raw(request: AnyRequest) -> RawRequest:
    """Read the whole request; raises UnsupportedMedia, RequestTooLarge or Overloaded."""
    scope = request.scope
    state: dict[str, Any] = scope["state"]
    gateway, headers, address = gateway_of(request), headers_of(scope), peer(request)
    _check_media(headers)
    places, limits = gateway.places, gateway.limits
    places.room = limits.room
    # Its server gives it back, whatever happens.
    label = state[CALLER]
    place = state[PLACE] = await places.take((label, address))
    return RawRequest(
        id=request_id(request),
        path=scope["path"],
        headers=headers,
        body=await _body(request, headers, limits.max_body, place),
        received=gateway.clock(),
        peer=address,
        key=label,
    )


def _check_media(headers: dict[str, str]) -> None:
    media = headers.get("content-type", "")
    if media != JSON and not _JSON.fullmatch(media.partition(";")[0].strip().lower()):
        raise UnsupportedMedia("Send the body as JSON, with 'Content-Type: application/json'.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("Send the body uncompressed: Content-Encoding is not supported.")


async def _body(request: AnyRequest, headers: dict[str, str], limit: int, place: Place) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    pieces, size, more = [], 0, True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise BodyCut
        piece, more = message["body"], message["more_body"]
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        place.grow(len(piece))
    return b"".join(pieces)  # of a single one it is that itself


def _too_large(limit: int) -> RequestTooLarge:
    return RequestTooLarge(f"The body is larger than {limit // (1024 * 1024)} MiB.")
