"""The routes for whoever runs the gateway: its health and the standing of its accounts."""

import msgspec
from litestar import get, post

import ki2api
from ki2api.accounts.account import AccountStatus
from ki2api.protocols import Body
from ki2api.web.answers import Answer, complete
from ki2api.web.gateway import Gateway
from ki2api.web.guard import OPEN
from ki2api.web.reading import AnyRequest, gateway_of


class Health(msgspec.Struct, frozen=True):
    """Whether requests can be served; the answer's status is always 200."""

    status: str
    """`ok`, or `degraded` with the reasons."""
    version: str
    accounts_ready: int
    accounts: int
    default_key: bool
    reasons: list[str] = []


class TokenStatus(msgspec.Struct, frozen=True):
    """The standing of every account; never a token."""

    accounts: list[AccountStatus]


class ResetDone(msgspec.Struct, frozen=True):
    """How many accounts are ready again."""

    reset: int
    accounts: list[AccountStatus]


@get("/health", opt={OPEN: True})
async def health(request: AnyRequest) -> Answer:
    """Say whether requests can be served; needs no key."""
    return complete(request, Body(msgspec.json.encode(health_of(gateway_of(request)))))


@get("/v1/token/status")
async def token_status(request: AnyRequest) -> Answer:
    """Say how each account stands."""
    status = TokenStatus(gateway_of(request).pool.statuses())
    return complete(request, Body(msgspec.json.encode(status)))


@post("/v1/token/reset", status_code=200)
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
        reasons.append(gateway.pool.degraded)
    return Health(
        status="degraded" if reasons else "ok",
        version=ki2api.__version__,
        accounts_ready=ready,
        accounts=len(statuses),
        default_key=gateway.keys.default_active,
        reasons=reasons,
    )
