"""Whether the process lives, can serve, and what is wrong: three routes without a key."""

from typing import Literal

import msgspec
from litestar import get

import ki2api
from ki2api.accounts.shortage import pool_closed
from ki2api.errors import NotReady
from ki2api.protocols import Body
from ki2api.web.answers import Answer, complete
from ki2api.web.gateway import Gateway
from ki2api.web.guard import OPEN
from ki2api.web.openapi.dialects import EITHER
from ki2api.web.openapi.errors import ALWAYS
from ki2api.web.openapi.operation import OPERATION, Operation, Result, Shape
from ki2api.web.reading import AnyRequest, gateway_of

Cause = Literal[
    "draining",
    "no-account",
    "no-account-ready",
    "accounts-resting",
    "state-unwritable",
    "settings-faulty",
    "places-taken",
    "memory-short",
]
SERVING: frozenset[Cause] = frozenset({"settings-faulty", "state-unwritable"})
"""What is wrong, but keeps nobody from being served."""


class Health(msgspec.Struct, frozen=True):
    """Whether requests can be served; the answer's status is always 200."""

    status: Literal["ok", "degraded"]
    """`ok`, or `degraded` with the reasons."""
    version: str
    accounts_ready: int
    accounts: int
    default_key: bool
    reasons: list[str] = []
    causes: list[Cause] = []
    """The same, each in a word for programs."""


class Alive(msgspec.Struct, frozen=True):
    """That the process answers: no restart would mend what else may be wrong."""

    alive: bool = True


class Ready(msgspec.Struct, frozen=True):
    """That a request would be served now."""

    ready: bool = True


@get(
    "/health",
    opt={
        OPEN: True,
        OPERATION: Operation(
            tag="Gateway", dialects=EITHER, errors=ALWAYS, results=(Result(Shape(Health)),)
        ),
    },
)
async def health(request: AnyRequest) -> Answer:
    """Say whether requests can be served; needs no key."""
    return complete(request, Body(msgspec.json.encode(health_of(gateway_of(request)))))


@get(
    "/health/live",
    opt={
        OPEN: True,
        OPERATION: Operation(
            tag="Gateway", dialects=EITHER, errors=ALWAYS, results=(Result(Shape(Alive)),)
        ),
    },
)
async def live(request: AnyRequest) -> Answer:
    """Answer, as long as the process can; needs no key."""
    return complete(request, Body(msgspec.json.encode(Alive())))


@get(
    "/health/ready",
    opt={
        OPEN: True,
        OPERATION: Operation(
            tag="Gateway",
            dialects=EITHER,
            errors=(*ALWAYS, NotReady),
            results=(Result(Shape(Ready)),),
        ),
    },
)
async def ready(request: AnyRequest) -> Answer:
    """Answer 200 where a request would be served now, else 503 with the reason; needs no key."""
    wrong = _wrong(gateway_of(request))
    if reasons := [said for cause, said in wrong.items() if cause not in SERVING]:
        raise NotReady("; ".join(reasons), retry_after=5)
    return complete(request, Body(msgspec.json.encode(Ready())))


def health_of(gateway: Gateway) -> Health:
    """Judge the gateway's health."""
    statuses = gateway.pool.statuses()
    wrong = _wrong(gateway)
    return Health(
        status="degraded" if wrong else "ok",
        version=ki2api.__version__,
        accounts_ready=sum(status.state == "ready" for status in statuses),
        accounts=len(statuses),
        default_key=gateway.keys.default_active,
        reasons=list(wrong.values()),
        causes=list(wrong),
    )


def _wrong(gateway: Gateway) -> dict[Cause, str]:
    """Say what is wrong, and that of each in a sentence."""
    pool, places = gateway.pool, gateway.places
    statuses = pool.statuses()
    wrong: dict[Cause, str] = {}
    if gateway.draining():
        wrong["draining"] = "the gateway is shutting down"
    if not statuses:
        wrong["no-account"] = "no account is configured"
    elif all(status.state != "ready" for status in statuses):
        wrong["no-account-ready"] = "no account is ready: see /v1/token/status"
    if closed := pool.breaker_remaining():
        wrong["accounts-resting"] = pool_closed(closed).detail
    if pool.degraded:
        wrong["state-unwritable"] = "the state cannot be written: see /v1/token/status"
    if fault := gateway.fault():
        wrong["settings-faulty"] = fault
    if places.full:
        wrong["places-taken"] = f"{places.taken} requests are being served, and as many wait as may"
    if places.short:
        wrong["memory-short"] = places.short
    return wrong
