"""A clock that stands still, a token service without a network, and pools that use them."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.accounts.account import Credential, StandingChange
from ki2api.accounts.ledger import MemoryStore, StateStore
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.refresh import Refresher
from ki2api.errors import NoAccountLeft
from pipeline.secret import Secret

NOON = 1_763_812_800.0  # 2025-11-22T12:00:00Z


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


class Upper(Random):
    """Jitter that always takes the longest pause."""

    def uniform(self, a: float, b: float) -> float:
        return b


class TokenService(httpx.AsyncBaseTransport):
    """Rotates every token it is asked for, unless told otherwise."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.urls: list[str] = []
        self.dead: set[str] = set()
        self.fault: httpx.Response | Exception | None = None
        self.answer: dict[str, Any] = {}
        self.gate: asyncio.Event | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content, type=dict[str, str])
        self.asked.append(body)
        self.urls.append(str(request.url))
        number = len(self.asked)
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.fault, Exception):
            raise self.fault
        if self.fault is not None:
            return self.fault
        sent = body["refreshToken"]
        if sent in self.dead:
            return httpx.Response(400, json={"error": "invalid_grant"})
        usual = {"accessToken": f"access-{number}", "refreshToken": f"{sent}+", "expiresIn": 3600}
        return httpx.Response(200, json=usual | self.answer)

    @property
    def tokens(self) -> list[str]:
        return [body["refreshToken"] for body in self.asked]


class DrivenPool(AccountPool):
    """A pool with short ways to say what requests do to it."""

    async def serve(self, error: BaseException | None = None, **how: Any) -> str:
        """Serve one request and return by which account."""
        lease = await self.lease(**how)
        self.release(lease, error)
        return lease.name

    async def turns(self, count: int, **how: Any) -> str:
        return "".join([await self.serve(**how) for _ in range(count)])

    async def complaint(self) -> str:
        with pytest.raises(NoAccountLeft) as left:
            await self.lease()
        return left.value.detail

    def states(self) -> dict[str, str]:
        return {status.name: status.state for status in self.statuses()}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def upper() -> Random:
    return Upper()


@pytest.fixture
def service() -> TokenService:
    return TokenService()


@pytest.fixture
def refresher(service: TokenService, clock: Clock) -> Refresher:
    return Refresher(
        httpx.AsyncClient(transport=service),
        auth_url="https://auth.{region}.test",
        oidc_url="https://oidc.{region}.test/",
        clock=clock,
    )


@pytest.fixture
def changes() -> list[StandingChange]:
    return []


@pytest.fixture
def make_pool(
    refresher: Refresher, clock: Clock, changes: list[StandingChange]
) -> Callable[..., DrivenPool]:
    def make(*credentials: Credential, store: StateStore | None = None) -> DrivenPool:
        return DrivenPool(
            credentials,
            refresher,
            store or MemoryStore(),
            clock=clock,
            random=Upper(),
            changed=changes.append,
        )

    return make


@pytest.fixture
def seeded() -> Callable[..., Credential]:
    """An account with a refresh token only."""

    def make(name: str, **more: Any) -> Credential:
        facts: dict[str, Any] = {"kind": "social", "refresh_token": Secret(f"seed-{name}")}
        return Credential(name, **(facts | more))

    return make


@pytest.fixture
def ready() -> Callable[..., Credential]:
    """An account whose access token works for an hour."""

    def make(name: str, **more: Any) -> Credential:
        facts: dict[str, Any] = {
            "kind": "social",
            "refresh_token": Secret(f"seed-{name}"),
            "access_token": Secret(f"access-{name}"),
            "expires_at": NOON + 3600,
        }
        return Credential(name, **(facts | more))

    return make
