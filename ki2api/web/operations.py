"""The routes for whoever runs the gateway: its health and the standing of its accounts."""

from typing import Literal

import msgspec
from litestar import get, post

import ki2api
from ki2api.accounts.account import AccountStatus
from ki2api.errors import GatewayError
from ki2api.protocols import Body
from ki2api.web.answers import Answer, complete
from ki2api.web.gateway import Gateway
from ki2api.web.guard import OPEN
from ki2api.web.openapi.dialects import EITHER
from ki2api.web.openapi.errors import ALWAYS, GUARDED
from ki2api.web.openapi.operation import OPERATION, Operation, Result, Shape
from ki2api.web.reading import AnyRequest, gateway_of


class Health(msgspec.Struct, frozen=True):
    """Whether requests can be served; the answer's status is always 200."""

    status: Literal["ok", "degraded"]
    """`ok`, or `degraded` with the reasons."""
    version: str
    accounts_ready: int
    accounts: int
    default_key: bool
    reasons: list[str] = []


class TokenStatus(msgspec.Struct, frozen=True):
    """The standing of every account; never a token."""

    accounts: list[AccountStatus]
    degraded: str = ""
    """Why the state file cannot be written just now, or nothing."""


class ResetDone(msgspec.Struct, frozen=True):
    """How many accounts are ready again."""

    reset: int
    accounts: list[AccountStatus]


def _described(
    kind: type[msgspec.Struct], errors: tuple[type[GatewayError], ...] = GUARDED
) -> dict[str, Operation]:
    results = (Result(Shape(kind)),)
    return {OPERATION: Operation(tag="Gateway", dialects=EITHER, errors=errors, results=results)}


@get("/health", opt={OPEN: True, **_described(Health, ALWAYS)})
async def health(request: AnyRequest) -> Answer:
    """Say whether requests can be served; needs no key."""
    return complete(request, Body(msgspec.json.encode(health_of(gateway_of(request)))))


@get("/v1/token/status", opt=_described(TokenStatus))
async def token_status(request: AnyRequest) -> Answer:
    """Say how each account stands."""
    pool = gateway_of(request).pool
    status = TokenStatus(pool.statuses(), pool.degraded)
    return complete(request, Body(msgspec.json.encode(status)))


@post("/v1/token/reset", status_code=200, opt=_described(ResetDone))
async def token_reset(request: AnyRequest) -> Answer:
    """Clear what keeps accounts from being tried: exhausted, cooling and quarantine marks."""
    pool = gateway_of(request).pool
    done = ResetDone(pool.reset(), pool.statuses())
    return complete(request, Body(msgspec.json.encode(done)))


def health_of(gateway: Gateway) -> Health:
    """Judge the gateway's health."""
    statuses = gateway.pool.statuses()
    ready = sum(status.state == "ready" for status in statuses)
    reasons: list[str] = []
    if not statuses:
        reasons.append("no account is configured")
    elif not ready:
        reasons.append("no account is ready: see /v1/token/status")
    if gateway.pool.degraded:
        reasons.append("the state cannot be written: see /v1/token/status")
    return Health(
        status="degraded" if reasons else "ok",
        version=ki2api.__version__,
        accounts_ready=ready,
        accounts=len(statuses),
        default_key=gateway.keys.default_active,
        reasons=reasons,
    )
