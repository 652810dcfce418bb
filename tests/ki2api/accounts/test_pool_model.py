"""The pool against a model of its standings, over random histories.

The model does not know in which order accounts are tried: it learns of each refresh from the
sign-in service, and then says how every account stands and which ones a lease may have.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct
from msgspec.structs import replace

from ki2api.accounts.account import Credential
from ki2api.accounts.companion import Access, PlanUsage
from ki2api.accounts.lease import Lease, Wish
from ki2api.accounts.ledger import MemoryStore
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.signin import NeedsLogin, RefreshFailed, Tokens
from ki2api.errors import (
    AccountError,
    AccountRefused,
    AccountSuspended,
    GatewayError,
    ModelNotOffered,
    ModelOverloaded,
    ProfileRefused,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from ki2api.models import Model
from pipeline.secret import Secret

NOON = 1_763_812_800.0  # 2025-11-22T12:00:00Z
DECEMBER = 1_764_547_200.0
NAMES = ("a", "b", "c")
MODELS = ("m", "n")
FOREVER = float("inf")
GRAVITY = ("ready", "cooling", "needs-login", "exhausted", "quarantined")
LEFT_ALONE = {"needs-login", "quarantined", "disabled"}
RESETTABLE = {"cooling", "exhausted", "quarantined"}
SPINS = 16  # turns of the loop after which only what waits for a slow answer is left
PATIENCE = 5.0
"""Seconds after which what no slow answer holds up is held up by a mistake."""
MOODS = ("good", "lost", "dead", "failing", "slow", "slow")


def told(error: type[GatewayError], *seconds: float | None) -> st.SearchStrategy[GatewayError]:
    return st.builds(error, st.just(error.__name__), retry_after=st.sampled_from(seconds))


OUTCOMES = st.one_of(
    st.none(),
    st.none(),
    st.sampled_from([UpstreamTimeout("slow"), asyncio.CancelledError()]),
    told(RateLimited, None, None, 3.0, 90.0),
    told(RateLimited, None, None, 3.0, 90.0),
    told(QuotaSpent, None, 40.0, 4000.0),
    told(AccountSuspended, None, 1800.0),
    told(ModelOverloaded, None, 20.0),
    told(ModelNotOffered, None),
    st.sampled_from([AccountRefused, ProfileRefused, TokenExpired]).map(lambda kind: kind("no")),
)


APART = st.sampled_from([0.0, 1.0, 5.0, 45.0])
WISHES = st.builds(
    lambda model, never, last, session: Wish(
        model, never, last, session=session, comes_back=bool(session), sticky=3600.0
    ),
    st.sampled_from(MODELS),
    st.sampled_from([frozenset[str](), frozenset[str](), frozenset("a"), frozenset("b")]),
    st.sampled_from([frozenset[str](), frozenset[str](), frozenset("a"), frozenset("b")]),
    st.sampled_from(["", "", "s", "t"]),
)


class Rest(Struct):
    """How an account or a model stands, and until when."""

    state: str = "ready"
    until: float = FOREVER
    since: float = 0.0

    def worsen(self, state: str, now: float, until: float) -> None:
        if (GRAVITY.index(state), until) > (GRAVITY.index(self.state), self.until):
            self.state, self.until, self.since = state, until, now

    def settle(self, now: float) -> None:
        if self.until <= now:
            self.state, self.until = "ready", FOREVER


class Account(Struct, eq=False):
    """What the model believes of one account."""

    credential: Credential
    rest: Rest
    models: dict[str, Rest]
    streaks: dict[str, int]
    in_flight: int = 0
    missed: int = 0
    access: str = ""
    ends: float = 0.0

    @property
    def state(self) -> str:
        return "disabled" if self.credential.disabled else self.rest.state

    @property
    def login(self) -> str:
        return self.credential.seed

    def settle(self, now: float) -> None:
        self.rest.settle(now)
        for model in self.models.values():
            model.settle(now)
        self.models = {name: each for name, each in self.models.items() if each.state != "ready"}

    def may_serve(self, model: str) -> bool:
        return self.state == "ready" and model not in self.models

    def reset(self) -> bool:
        resets = self.state in RESETTABLE
        if resets or self.models:
            self.rest = Rest() if resets else self.rest
            self.models, self.streaks = {}, {}
            return True
        return False

    def restart(self) -> None:
        self.in_flight, self.missed, self.streaks = 0, 0, {}

    def log_in(self, credential: Credential) -> None:
        self.credential, self.access, self.missed = credential, "", 0
        self.streaks.pop("refusal", None)
        throttled = self.rest.state == "cooling" and self.streaks.get("rate")
        if self.rest.state in {"cooling", "needs-login"} and not throttled:
            self.rest = Rest()

    def refreshed(self, outcome: str, now: float) -> None:
        if outcome == "dead":
            self.rest.worsen("needs-login", now, FOREVER)
        elif outcome == "failing":
            pause = min(60.0, 2.0**self.missed)
            self.missed += 1
            if not self.access or self.ends <= now:
                self.rest.worsen("cooling", now, now + pause)
        else:
            self.access, self.ends, self.missed = outcome, now + 3600, 0

    def serve(self, model: str) -> None:
        self.streaks = {
            name: count
            for name, count in self.streaks.items()
            if name not in {"rate", "refusal", model}
        }

    def fail(self, error: BaseException, model: str, now: float) -> None:
        said: float | None = getattr(error, "retry_after", None)
        match error:
            case RateLimited():
                pause = min(60.0, 2.0 ** self.streaks.get("rate", 0))
                self._cool(self.rest, "rate", now, max(said or 0.0, pause), said)
            case AccountRefused() | TokenExpired():
                pause = min(3600.0, 60 * 2.0 ** self.streaks.get("refusal", 0))
                self._cool(self.rest, "refusal", now, pause, said)
            case ModelOverloaded():
                pause = min(60.0, 4 * 2.0 ** self.streaks.get(model, 0))
                rest = self.models.setdefault(model, Rest())
                self._cool(rest, model, now, max(said or 0.0, pause), said)
            case ModelNotOffered():
                rest = self.models.setdefault(model, Rest())
                if rest.state != "exhausted":
                    rest.worsen("exhausted", now, now + 3600)
            case QuotaSpent():
                if said or self.rest.state != "exhausted":
                    self.rest.worsen("exhausted", now, now + said if said else DECEMBER)
            case AccountSuspended():
                self.rest.worsen("quarantined", now, now + said if said else FOREVER)

    def _cool(self, rest: Rest, streak: str, now: float, pause: float, said: float | None) -> None:
        is_echo = rest.state == "cooling"
        if not is_echo:
            self.streaks[streak] = self.streaks.get(streak, 0) + 1
        if said or not is_echo:
            rest.worsen("cooling", now, now + pause)


class Upper(Random):
    def uniform(self, a: float, b: float) -> float:
        return b


class Outside:
    """The sign-in service and Kiro; both refuse to be asked for accounts to be left alone."""

    def __init__(self, account_of: Callable[[str], Account], clock: Callable[[], float]) -> None:
        self.moods: dict[str, str] = {}
        self.waiting: dict[str, asyncio.Future[str]] = {}
        self.failures: list[tuple[str, str]] = []
        self.given: list[tuple[str, str]] = []
        self.answered: set[Account] = set()
        self._account_of = account_of
        self._clock = clock
        self._busy: set[str] = set()
        self._given = 0
        self._newest: dict[str, str] = {}

    async def refresh(self, credential: Credential, refresh_token: Secret) -> Tokens:
        login = credential.seed
        account = self._account_of(login)
        assert login not in self._busy, "two refreshes of one login at once"
        assert account.state not in LEFT_ALONE or account in self.answered
        self._busy.add(login)
        try:
            mood = self.moods.get(login, "good")
            if mood == "slow":
                self.waiting[login] = asyncio.get_running_loop().create_future()
                mood = await self.waiting[login]
        finally:
            self._busy.discard(login)
            self.waiting.pop(login, None)
            self.answered.add(account)  # a refresh that was begun may try a second token
        return self._answer(login, refresh_token.reveal(), mood)

    def _answer(self, login: str, sent: str, mood: str) -> Tokens:
        if mood == "lost" and sent == self._newest.get(login):
            raise NeedsLogin("its answer was lost, and the token before it still works")
        if mood in {"dead", "failing"}:
            self.failures.append((login, mood))
            raise NeedsLogin("dead") if mood == "dead" else RefreshFailed("answered 503")
        self._given += 1
        access, self._newest[login] = f"access-{self._given}", f"{login}+{self._given}"
        self.given.append((login, access))
        return Tokens(Secret(access), Secret(self._newest[login]), self._clock() + 3600)

    async def profiles(self, access: Access) -> tuple[str, ...]:
        self._ask(access)
        return ()

    async def models(self, access: Access) -> tuple[Model, ...]:
        self._ask(access)
        raise UpstreamUnavailable("Kiro does not tell its models")

    async def usage(self, access: Access, *, with_email: bool = False) -> PlanUsage:
        self._ask(access)
        raise UpstreamUnavailable("Kiro does not tell the usage")

    def _ask(self, access: Access) -> None:
        assert self._account_of(access.name).state not in LEFT_ALONE


class PoolModel(RuleBasedStateMachine):
    """Requests, refreshes good, bad and slow, time, resets, other settings, and restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = NOON
        self.steps = 0
        self.accounts = {name: self._made(name, 0) for name in NAMES}
        self.owners = {each.login: each for each in self.accounts.values()}
        self.present = list(NAMES)
        self.known = set(NAMES)
        self.suspended: dict[str, float] = {}
        self.closed_until = 0.0
        self.sessions: dict[str, tuple[str, float]] = {}
        self.leases: list[tuple[Lease, Account]] = []
        self.pending: list[asyncio.Task[Lease | None]] = []
        self.store = MemoryStore()
        self.outside = Outside(self._account, lambda: self.now)
        self.pool = self._new_pool()

    @staticmethod
    def _made(name: str, number: int) -> Account:
        token = Secret(f"seed-{name}-{number}")
        credential = Credential(name, "social", token, source="config.toml")
        return Account(credential, Rest(), {}, {})

    def _account(self, name: str) -> Account:
        return self.owners.get(name) or self.accounts[name]

    def _new_pool(self) -> AccountPool:
        return AccountPool(
            [self.accounts[name].credential for name in self.present],
            self.outside,
            self.store,
            companion=self.outside,
            clock=lambda: self.now,
            random=Upper(),
        )

    def teardown(self) -> None:
        try:
            self.run(self.pool.stop(0.0))
        finally:
            self.loop.close()

    def run(self, work: Awaitable[Any] | None = None) -> Any:
        """Do some work, let what follows from it happen, and let the model learn of it."""

        async def within() -> Any:
            result = await work if work is not None else None
            for _ in range(SPINS):
                await asyncio.sleep(0)
            return result

        result = self.loop.run_until_complete(within())
        self._learn()
        return result

    def _learn(self) -> None:
        done = [task for task in self.pending if task.done()]
        self.pending = [task for task in self.pending if not task.done()]
        for task in done:
            if not task.cancelled():
                task.result()
        self._learn_of_failures()
        given, self.outside.given, self.outside.answered = self.outside.given, [], set()
        for login, access in given:
            if self.owners[login].login == login:
                self.owners[login].refreshed(access, self.now)

    async def _ask(self, wish: Wish) -> Lease | None:
        try:
            lease = await self.pool.lease(wish)
        except GatewayError:
            return None
        self._take(lease, wish)
        return lease

    def _take(self, lease: Lease, wish: Wish) -> None:
        """Learn of a lease when it is granted: that binds a session, and a moment may matter.

        Who asked first may be served last, and a refresh beside the lease may fail just after it.
        """
        self._learn_of_failures()
        account = self.accounts[lease.name]
        assert self.now >= self.closed_until
        assert lease.name in self.present
        assert lease.name not in wish.never
        assert account.may_serve(wish.model)
        tokens = {access for login, access in self.outside.given if login == account.login}
        if account.ends > self.now:
            tokens.add(account.access)
        assert lease.token.reveal() in tokens - {""}
        account.in_flight += 1
        self.leases.append((lease, account))
        if wish.session and not self._is_steered(wish, account):
            self.sessions[wish.session] = lease.name, self.now + wish.sticky

    def _learn_of_failures(self) -> None:
        failures, self.outside.failures = self.outside.failures, []
        for login, outcome in failures:
            owner = self.owners[login]
            if outcome == "failing" or owner.login == login:
                owner.refreshed(outcome, self.now)

    def _bound(self, wish: Wish) -> str:
        name, until = self.sessions.get(wish.session, ("", 0.0))
        return name if self.now < until and name in self.present else ""

    def _is_steered(self, wish: Wish, served: Account) -> bool:
        bound = self._bound(wish)
        if not bound or self.accounts[bound] is served:
            return False
        account = self.accounts[bound]
        if account.state != "ready":
            return account.state == "cooling" and account.rest.until - self.now < 60
        rest = account.models.get(wish.model, Rest())
        return rest.state == "ready" or (rest.state == "cooling" and rest.until - self.now < 60)

    @initialize()
    def start(self) -> None:
        self.run(self.pool.start())

    @rule(wish=WISHES, count=st.integers(1, 4))
    def begin_requests(self, wish: Wish, count: int) -> None:
        for _ in range(count):
            self._lease(wish)

    @rule(wish=WISHES, outcomes=st.lists(OUTCOMES, min_size=1, max_size=6), apart=APART)
    def make_requests(self, wish: Wish, outcomes: list[BaseException | None], apart: float) -> None:
        for outcome in outcomes:
            held = len(self.leases)
            self._lease(wish)
            if len(self.leases) > held:
                self._release(-1, outcome, served=True)
            self._pass(apart)

    def _lease(self, wish: Wish) -> None:
        before, bound = self._able(wish), self._bound(wish)
        task = self.loop.create_task(self._ask(wish))
        self.pending.append(task)
        self.run()
        if not task.done():
            assert self.outside.waiting
        elif (lease := task.result()) is None:
            assert self.now < self.closed_until or not self._able(wish)
        else:
            served, after = lease.name, self._able(wish)
            assert served == bound or bound in wish.last or bound not in before & after
            assert served == bound or served not in wish.last or not after - set(wish.last)

    def _able(self, wish: Wish) -> set[str]:
        return {
            name
            for name in set(self.present) - set(wish.never)
            if self.accounts[name].may_serve(wish.model)
        }

    @precondition(lambda self: self.leases)
    @rule(outcomes=st.lists(OUTCOMES, min_size=1, max_size=6), served=st.booleans())
    def end_requests(self, outcomes: list[BaseException | None], served: bool) -> None:  # noqa: FBT001 - drawn by name
        # What is under way while a refresh is, comes first: there the histories meet.
        self.leases.sort(key=lambda held: held[1].login not in self.outside.waiting)
        for outcome in outcomes[: len(self.leases)]:
            self._release(0, outcome, served=served)

    def _release(self, which: int, outcome: BaseException | None, *, served: bool) -> None:
        lease, account = self.leases.pop(which)
        account.in_flight -= 1
        if outcome is not None:
            account.fail(outcome, lease.model, self.now)
        elif served:
            account.serve(lease.model)
        if isinstance(outcome, AccountSuspended):
            self._suspend(lease.name, self.now)
        self.run(self._do(lambda: self.pool.release(lease, outcome, served=served)))

    def _suspend(self, name: str, when: float) -> None:
        self.suspended[name] = when
        near = [each for each in self.suspended.values() if abs(when - each) <= 60]
        if len(near) > 1:
            self.closed_until = max(self.closed_until, max(near) + 300)

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 99))
    def refuse_a_token(self, which: int) -> None:
        lease, account = self.leases[which % len(self.leases)]
        # A refresh under way may be of the login before this one: it is waited for all the same.
        logins = {login for login, owner in self.owners.items() if owner is account}
        slow = {login for login in logins if self.outside.moods.get(login) == "slow"}
        if slow or logins & self.outside.waiting.keys():
            return
        left_alone = account.state in LEFT_ALONE
        renewing = self.loop.create_task(self.pool.renew(lease))
        self.run(asyncio.wait({renewing}, timeout=PATIENCE))
        assert renewing.done(), f"{lease.name} is renewed for ever; slow: {self.outside.waiting}"
        if renewing.exception() is None:
            assert not left_alone
            assert lease.token.reveal() == account.access
        else:
            assert isinstance(renewing.exception(), AccountError)

    @precondition(lambda self: self.leases and not self.outside.waiting and self.steps % 8 == 5)
    @rule(which=st.integers(0, 99))
    def refuse_a_profile(self, which: int) -> None:
        assert not self.run(self.pool.find_profile(self.leases[which % len(self.leases)][0]))

    @rule(
        seconds=st.sampled_from([0.5, 1.0, 4.0, 45.0, 61.0, 400.0, 3100.0, 3600.0, 5000.0]),
        mood=st.sampled_from(MOODS),
    )
    def wait(self, seconds: float, mood: str) -> None:
        self._pass(seconds)
        self.outside.moods |= {each.login: mood for each in self.accounts.values()}

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        for account in self.accounts.values():
            account.settle(self.now)

    @precondition(lambda self: self.outside.waiting)
    @rule(which=st.integers(0, 99), mood=st.sampled_from(["good", "lost", "dead", "failing"]))
    def answer_late(self, which: int, mood: str) -> None:
        login = list(self.outside.waiting)[which % len(self.outside.waiting)]
        self.outside.moods[login] = mood
        self.outside.waiting[login].set_result(mood)
        self.run()

    @rule(name=st.sampled_from([*NAMES, None, None]))
    def reset(self, name: str | None) -> None:
        chosen = [self.accounts[each] for each in self.present if name in (None, each)]
        expected = sum([account.reset() for account in chosen])
        self.suspended, self.closed_until = {}, 0.0

        assert self.run(self._do(lambda: self.pool.reset(name))) == expected

    @precondition(lambda self: self.steps % 3 == 2)
    @rule(name=st.sampled_from(NAMES), number=st.integers(1, 10_000))
    def change_an_account(self, name: str, number: int) -> None:
        name = next((self.owners[login].credential.name for login in self.outside.waiting), name)
        account, token = self.accounts[name], Secret(f"seed-{name}-{number}")
        if name not in self.present:
            self._add(name)
        elif number % 3 == 0:
            self.present.remove(name)
        elif number % 3 == 1:
            disabled = not account.credential.disabled
            account.credential = replace(account.credential, disabled=disabled)
        elif token.reveal() not in self.owners:
            account.log_in(replace(account.credential, refresh_token=token))
            self.owners[account.login] = account
        self._adopt()

    def _add(self, name: str) -> None:
        self.present.append(name)
        if name not in self.known:
            self._note_a_kept_suspension(name)
        self.known.add(name)

    @precondition(lambda self: self.steps % 8 == 3)
    @rule(order=st.permutations(NAMES))
    def reorder(self, order: list[str]) -> None:
        self.present.sort(key=order.index)
        self._adopt()

    def _adopt(self) -> None:
        for name, account in self.accounts.items():
            in_use = account.in_flight or account.login in self.outside.waiting
            if name not in self.present and not in_use:
                account.restart()  # who is gone is remembered by what is on the disk alone
        credentials = [self.accounts[name].credential for name in self.present]
        self.run(self._do(lambda: self.pool.adopt(credentials)))

    @precondition(lambda self: self.steps % 8 == 7)
    @rule()
    def restart(self) -> None:
        self.run(self.pool.stop(0.0))
        assert not self.pending
        self.leases, self.sessions = [], {}
        self.suspended, self.closed_until = {}, 0.0
        for account in self.accounts.values():
            account.restart()
        self.known = set(self.present)
        for name in self.present:
            self._note_a_kept_suspension(name)
        self.pool = self._new_pool()
        self.run(self.pool.start())

    def _note_a_kept_suspension(self, name: str) -> None:
        account = self.accounts[name]
        if account.state == "quarantined":
            self._suspend(name, account.rest.since)

    @staticmethod
    async def _do(work: Callable[[], Any]) -> Any:
        return work()

    @invariant()
    def time_goes_on(self) -> None:
        self.steps += 1

    @invariant()
    def the_statuses_are_those_of_the_model(self) -> None:
        statuses = self.pool.statuses()
        assert [status.name for status in statuses] == self.present
        for status in statuses:
            account = self.accounts[status.name]
            until = None if account.state == "disabled" else _shown(account.rest.until)
            assert (status.name, status.state, status.until) == (status.name, account.state, until)
            shown = {each.model: (each.state, each.until) for each in status.models}
            assert shown == {
                name: (each.state, each.until) for name, each in account.models.items()
            }
            assert status.in_flight == account.in_flight or self.pending

    @invariant()
    def the_breaker_is_that_of_the_model(self) -> None:
        assert self.pool.breaker_remaining() == max(0.0, self.closed_until - self.now)


def _shown(until: float) -> float | None:
    return None if until == FOREVER else until


TestPoolModel = PoolModel.TestCase
TestPoolModel.settings = settings(
    max_examples=300 if os.environ.get("KI2API_SWEEPS") else 100,
    stateful_step_count=50,
    deadline=None,
)
