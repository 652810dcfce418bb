"""The routes for whoever runs the gateway: the accounts, with what they may use."""

import msgspec
from litestar import get, post

from ki2api.accounts.account import AccountStatus
from ki2api.accounts.companion import PlanUsage
from ki2api.accounts.pool import AccountPool
from ki2api.errors import GatewayError, InvalidRequest, UnknownAccount
from ki2api.protocols import Body
from ki2api.web.answers import Answer, complete
from ki2api.web.openapi.dialects import EITHER
from ki2api.web.openapi.errors import GUARDED
from ki2api.web.openapi.operation import OPERATION, JSONObject, Operation, Result, Shape
from ki2api.web.reading import AnyRequest, gateway_of


class TokenStatus(msgspec.Struct, frozen=True):
    """The standing of every account; never a token."""

    accounts: list[AccountStatus]
    degraded: str = ""
    """Why the state file cannot be written just now, or nothing."""
    resting_for: float = 0.0
    """For how many seconds no account is used, as two were suspended within a minute."""


class AccountUsage(msgspec.Struct, frozen=True):
    """What an account has used of its plan, or why that is not known."""

    name: str
    usage: PlanUsage | None = None
    reason: str = ""


class TokenUsage(msgspec.Struct, frozen=True):
    """What each account has used of its plan, as Kiro said it within the last minute."""

    accounts: list[AccountUsage]


class RefreshDone(msgspec.Struct, frozen=True):
    """Whether an account has a new token, and if not, why."""

    refreshed: bool
    reason: str
    accounts: list[AccountStatus]


class ResetDone(msgspec.Struct, frozen=True):
    """How many accounts are ready again."""

    reset: int
    accounts: list[AccountStatus]


def _described(
    kind: type[msgspec.Struct],
    errors: tuple[type[GatewayError], ...] = GUARDED,
    parameters: tuple[JSONObject, ...] = (),
) -> dict[str, Operation]:
    results = (Result(Shape(kind)),)
    operation = Operation(
        tag="Gateway", dialects=EITHER, errors=errors, results=results, parameters=parameters
    )
    return {OPERATION: operation}


def _query(name: str, kind: str, said: str, *, required: bool = False) -> JSONObject:
    place = {"name": name, "in": "query", "required": required, "schema": {"type": kind}}
    return {**place, "description": said}


ONLY = _query("account", "string", "Only this account.")


@get("/v1/token/status", opt=_described(TokenStatus))
async def token_status(request: AnyRequest) -> Answer:
    """Say how each account stands."""
    pool = gateway_of(request).pool
    return _told(request, TokenStatus(pool.statuses(), pool.degraded, pool.breaker_remaining()))


@get(
    "/v1/token/usage",
    opt=_described(
        TokenUsage,
        (*GUARDED, UnknownAccount),
        (ONLY, _query("email", "boolean", "Whether the account's e-mail address is told too.")),
    ),
)
async def token_usage(request: AnyRequest) -> Answer:
    """Ask Kiro what accounts have used of their plans, each at most once a minute."""
    pool = gateway_of(request).pool
    with_email = _switch(request, "email")
    usages = await pool.usages(_named(request, pool), with_email=with_email)
    accounts = [
        AccountUsage(name, reason=usage) if isinstance(usage, str) else AccountUsage(name, usage)
        for name, usage in usages.items()
    ]
    return _told(request, TokenUsage(accounts))


@post(
    "/v1/token/refresh",
    status_code=200,
    opt=_described(
        RefreshDone,
        (*GUARDED, UnknownAccount),
        (_query("account", "string", "The account to refresh.", required=True),),
    ),
)
async def token_refresh(request: AnyRequest) -> Answer:
    """Get a new access token for one account, also where it says that it needs a login."""
    pool = gateway_of(request).pool
    name = _named(request, pool)
    if name is None:
        raise InvalidRequest(f"Name the account: ?account=NAME. {_names(pool)}")
    reason = await pool.refresh(name)
    return _told(request, RefreshDone(not reason, reason, pool.statuses()))


@post(
    "/v1/token/reset",
    status_code=200,
    opt=_described(ResetDone, (*GUARDED, UnknownAccount), (ONLY,)),
)
async def token_reset(request: AnyRequest) -> Answer:
    """Clear what keeps accounts from being tried: exhausted, cooling and quarantine marks."""
    pool = gateway_of(request).pool
    reset = pool.reset(_named(request, pool))
    return _told(request, ResetDone(reset, pool.statuses()))


def _named(request: AnyRequest, pool: AccountPool) -> str | None:
    """Return the account that the query names, or None; raises UnknownAccount."""
    name = request.query_params.get("account")
    if name and name not in pool.names():
        raise UnknownAccount(f"There is no account {name[:80]!r}. {_names(pool)}")
    return name or None


def _switch(request: AnyRequest, name: str) -> bool:
    """Return what the query says of a switch that is off; raises InvalidRequest."""
    match request.query_params.get(name, "false"):
        case "true":
            return True
        case "false" | "":
            return False
    raise InvalidRequest("'true' or 'false' is expected", path=name)


def _names(pool: AccountPool) -> str:
    names = ", ".join(pool.names())
    return f"There are: {names}." if names else "No account is configured."


def _told(request: AnyRequest, told: msgspec.Struct) -> Answer:
    return complete(request, Body(msgspec.json.encode(told)))
