"""The routes that clients and people knock at beside their work: the front page, and telemetry."""

from typing import Any

import msgspec
from litestar import get, post

from ki2api.protocols import Body
from ki2api.web.answers import Answer, complete
from ki2api.web.guard import OPEN
from ki2api.web.openapi.dialects import EITHER
from ki2api.web.openapi.errors import ALWAYS, READING
from ki2api.web.openapi.operation import OPERATION, Operation, Request, Result, Shape
from ki2api.web.reading import AnyRequest, raw


class Welcome(msgspec.Struct, frozen=True):
    """What this is, and where to go on: the same for everybody, and nothing of this gateway."""

    name: str = "Ki2API"
    about: str = "Your own Kiro subscription as an OpenAI- and Anthropic-compatible API."
    openai_base_url: str = "/v1"
    anthropic_base_url: str = "/"
    routes: tuple[str, ...] = (
        "POST /v1/chat/completions",
        "POST /v1/responses",
        "POST /v1/messages",
        "GET /v1/models",
        "GET /health",
        "GET /schema",
    )
    """The first ones to know; /schema describes all, and wants the key, as all but /health do."""


class Unkept(msgspec.Struct, frozen=True):
    """How much was kept of what a client tells of itself: nothing."""

    kept: int = 0


_WELCOME = Operation(
    tag="Gateway", dialects=EITHER, errors=ALWAYS, results=(Result(Shape(Welcome)),)
)
_TELEMETRY = Operation(
    tag="Anthropic",
    dialects=EITHER,
    errors=READING,
    request=Request(Shape(Any), {"nothing": {"events": []}}, {}),
    results=(Result(Shape(Unkept)),),
)


@get("/", opt={OPEN: True, OPERATION: _WELCOME})
async def welcome(request: AnyRequest) -> Answer:
    """Say what this is; needs no key."""
    return complete(request, Body(msgspec.json.encode(Welcome())))


@post("/api/event_logging/batch", status_code=200, opt={OPERATION: _TELEMETRY})
async def telemetry(request: AnyRequest) -> Answer:
    """Take what Claude Code tells of itself, within the limit of any body, and keep none of it."""
    await raw(request)
    return complete(request, Body(msgspec.json.encode(Unkept())))
