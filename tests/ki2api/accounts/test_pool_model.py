"""The pool against a model of its standings, over random histories."""

import asyncio
from random import Random
from typing import Any

import httpx
import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from msgspec import Struct

from ki2api.accounts.account import Credential
from ki2api.accounts.ledger import MemoryStore
from ki2api.accounts.pool import AccountPool, Lease
from ki2api.accounts.refresh import Refresher
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    NoAccountLeft,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamTimeout,
)
from pipeline.secret import Secret

NAMES = ("a", "b", "c")
FOREVER = float("inf")
ORDER = ("ready", "cooling", "exhausted", "quarantined")

OUTCOMES = st.one_of(
    st.just(None),
    st.just(UpstreamTimeout("slow")),
    st.just(asyncio.CancelledError()),
    st.builds(RateLimited, st.just("pause"), retry_after=st.sampled_from([None, 3.0, 90.0])),
    st.builds(QuotaSpent, st.just("spent"), retry_after=st.sampled_from([40.0, 4000.0])),
    st.builds(AccountSuspended, st.just("locked"), retry_after=st.sampled_from([None, 1800.0])),
    st.just(AccountRefused("no permission")),
    st.just(TokenExpired("refused")),
)


class Upper(Random):
    def uniform(self, a: float, b: float) -> float:
        return b


class Expected(Struct):
    """What the model believes of one account."""

    state: str = "ready"
    until: float = FOREVER
    rate_limits: int = 0
    in_flight: int = 0

    def settle(self, now: float) -> None:
        if self.until <= now:
            self.state, self.until = "ready", FOREVER

    def worsen(self, state: str, until: float) -> None:
        if (ORDER.index(state), until) > (ORDER.index(self.state), self.until):
            self.state, self.until = state, until


class PoolModel(RuleBasedStateMachine):
    """Leases, outcomes, resets and time; refreshes stand apart, all are API keys here."""

    leases: Bundle[Lease] = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = 1000.0
        self.turn = 0
        self.suspended: dict[str, float] = {}
        self.closed_until = 0.0
        self.expected = {name: Expected() for name in NAMES}
        refresher = Refresher(httpx.AsyncClient(), auth_url="", oidc_url="")
        self.pool = AccountPool(
            [Credential(name, "api-key", api_key=Secret(f"ksk_{name}")) for name in NAMES],
            refresher,
            MemoryStore(),
            clock=lambda: self.now,
            random=Upper(),
        )

    def teardown(self) -> None:
        self.loop.run_until_complete(self.pool.stop())
        self.loop.close()

    def run(self, work: Any) -> Any:
        async def within() -> Any:
            result = work()
            return await result if asyncio.iscoroutine(result) else result

        return self.loop.run_until_complete(within())

    @rule(
        target=leases,
        never=st.sets(st.sampled_from(NAMES), max_size=2),
        last=st.sets(st.sampled_from(NAMES), max_size=2),
    )
    def lease(self, never: set[str], last: set[str]) -> Any:
        able = [
            name for name in NAMES if self.expected[name].state == "ready" and name not in never
        ]
        wanted = [name for name in able if name not in last] or able
        try:
            lease = self.run(lambda: self.pool.lease(never=never, last=last))
        except NoAccountLeft as left:
            assert not able or self.now < self.closed_until
            self._check_return(left, never)
            return None
        assert self.now >= self.closed_until
        in_turn = [NAMES[(self.turn + step) % len(NAMES)] for step in range(len(NAMES))]
        assert lease.name == next(name for name in in_turn if name in wanted)
        self.turn = NAMES.index(lease.name) + 1
        self.expected[lease.name].in_flight += 1
        return lease

    def _check_return(self, left: NoAccountLeft, never: set[str]) -> None:
        if self.now < self.closed_until:
            assert left.retry_after == self.closed_until - self.now
            return
        assert left.retry_after == self._earliest(set())
        assert left.usable_in == self._earliest(never)

    def _earliest(self, never: set[str]) -> float | None:
        until = min(self.expected[name].until for name in NAMES if name not in never)
        return None if until == FOREVER else until - self.now

    @rule(lease=consumes(leases), outcome=OUTCOMES)
    def release(self, lease: Lease | None, outcome: Any) -> None:
        if lease is None:
            return
        self.run(lambda: self.pool.release(lease, outcome))
        account = self.expected[lease.name]
        account.in_flight -= 1
        told: Any = getattr(outcome, "retry_after", None)
        match outcome:
            case None:
                account.rate_limits = 0
            case RateLimited():
                account.rate_limits += account.state != "cooling"
                pause = min(60.0, 2.0 ** (account.rate_limits - 1))
                account.worsen("cooling", self.now + max(told or 0.0, pause))
            case QuotaSpent():
                account.worsen("exhausted", self.now + told)
            case AccountSuspended():
                self._suspend(lease.name)
                account.worsen("quarantined", FOREVER if told is None else self.now + told)
            case AccountRefused() | TokenExpired():
                account.worsen("cooling", self.now + 60)

    def _suspend(self, name: str) -> None:
        self.suspended[name] = self.now
        if len([when for when in self.suspended.values() if self.now - when <= 60]) > 1:
            self.closed_until = self.now + 300

    @rule(seconds=st.sampled_from([0.5, 1.0, 10.0, 61.0, 400.0, 5000.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for account in self.expected.values():
            account.settle(self.now)

    @rule(name=st.sampled_from([*NAMES, None]))
    def reset(self, name: str | None) -> None:
        chosen = [self.expected[each] for each in NAMES if name in (None, each)]
        marked = [account for account in chosen if account.state != "ready"]

        assert self.run(lambda: self.pool.reset(name)) == len(marked)
        for account in marked:
            account.state, account.until, account.rate_limits = "ready", FOREVER, 0
        if name is None:
            self.suspended, self.closed_until = {}, 0.0

    @invariant()
    def the_statuses_are_those_of_the_model(self) -> None:
        for status in self.pool.statuses():
            account = self.expected[status.name]
            until = None if account.until == FOREVER else account.until
            assert (status.state, status.until) == (account.state, until)
            assert status.in_flight == account.in_flight


TestPoolModel = PoolModel.TestCase
TestPoolModel.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
