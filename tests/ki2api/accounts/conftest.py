"""A clock that stands still, a Kiro and a sign-in service without a network, and their pools."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.accounts.account import Credential, StandingChange
from ki2api.accounts.companion import Access, NoProfiles, PlanUsage, Pot
from ki2api.accounts.lease import Lease, Wish
from ki2api.accounts.ledger import MemoryStore, StateStore
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.signin import Refresher
from ki2api.errors import GatewayError, UpstreamUnavailable
from ki2api.models import Model
from ki2api.transport import Clients
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


class Kiro:
    """Answers for each account what the test has put there, and notes each question."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.arns: dict[str, tuple[str, ...] | Exception] = {}
        self.lists: dict[str, tuple[Model, ...]] = {}
        self.resets: dict[str, float] = {}
        self.fault: Exception | None = None
        self.gates: dict[str, asyncio.Event] = defaultdict(_open_gate)

    async def profiles(self, access: Access) -> tuple[str, ...]:
        await self._note("profiles", access)
        told = self.arns.get(access.region, NoProfiles())
        if isinstance(told, Exception):
            raise told
        return told

    async def models(self, access: Access) -> tuple[Model, ...]:
        await self._note("models", access)
        if access.name not in self.lists:
            raise UpstreamUnavailable("Kiro does not tell its models")
        return self.lists[access.name]

    async def usage(self, access: Access, *, with_email: bool = False) -> PlanUsage:
        await self._note("usage with e-mail" if with_email else "usage", access)
        if access.name not in self.resets:
            raise UpstreamUnavailable("Kiro does not tell the usage")
        pots = (Pot("plan", 12.5, 50.0), Pot("trial", 1.0, 500.0))
        return PlanUsage(
            "KIRO FREE",
            pots,
            self.resets[access.name],
            overage=False,
            overage_used=0.0,
            asked_at=NOON,
            email="somebody@example.org" if with_email else "",
        )

    def count(self, question: str) -> int:
        return sum(asked == question for asked, _, _ in self.asked)

    async def _note(self, question: str, access: Access) -> None:
        self.asked.append((question, access.name, access.region))
        await self.gates[question].wait()
        if self.fault is not None:
            raise self.fault


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


class DrivenPool(AccountPool):
    """A pool with short ways to say what requests do to it."""

    async def hold(self, **wish: Any) -> Lease:
        return await self.lease(Wish(**wish))

    async def serve(self, error: BaseException | None = None, **wish: Any) -> str:
        """Serve one request and return by which account."""
        lease = await self.hold(**wish)
        self.release(lease, error)
        return lease.name

    async def turns(self, count: int, **wish: Any) -> str:
        return "".join([await self.serve(**wish) for _ in range(count)])

    async def complaint(self, **wish: Any) -> str:
        with pytest.raises(GatewayError) as left:
            await self.hold(**wish)
        return left.value.detail

    async def rest(self) -> None:
        """Let all work beside the requests come to its end."""
        async with asyncio.timeout(5):
            while self._errands or self._renewals._errands:
                await asyncio.sleep(0)

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
def kiro() -> Kiro:
    return Kiro()


@pytest.fixture
def refresher(service: TokenService, clock: Clock) -> Refresher:
    return Refresher(
        Clients(lambda _: service, None),
        auth_url="https://auth.{region}.test",
        oidc_url="https://oidc.{region}.test/",
        clock=clock,
    )


@pytest.fixture
def changes() -> list[StandingChange]:
    return []


@pytest.fixture
def make_pool(
    refresher: Refresher, clock: Clock, changes: list[StandingChange], kiro: Kiro
) -> Callable[..., DrivenPool]:
    def make(*credentials: Credential, store: StateStore | None = None, **more: Any) -> DrivenPool:
        return DrivenPool(
            credentials,
            refresher,
            store or MemoryStore(),
            companion=kiro,
            clock=clock,
            changed=changes.append,
            **({"random": Upper()} | more),
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
