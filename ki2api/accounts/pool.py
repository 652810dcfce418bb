"""The pool of accounts: leases them out in turn and learns from how each lease ends."""

import time
from collections.abc import Callable, Collection, Iterable
from random import Random, SystemRandom

from msgspec import Struct, structs

from ki2api.accounts.account import AccountStatus, Credential, Standing, StandingChange
from ki2api.accounts.breaker import Breaker
from ki2api.accounts.errands import Errands
from ki2api.accounts.ledger import StateStore
from ki2api.accounts.member import READY, Member, is_lasting
from ki2api.accounts.refresh import NeedsLogin, Refresher
from ki2api.accounts.renewal import Failure, Renewals
from ki2api.accounts.rotation import round_robin
from ki2api.accounts.shortage import no_account_left, pool_closed
from ki2api.accounts.verdict import backoff, verdict
from ki2api.errors import (
    AccountError,
    AccountRefused,
    AccountSuspended,
    RateLimited,
    TokenExpired,
)
from pipeline.secret import Secret

_EARLIEST, _LATEST = 300.0, 600.0  # refresh ahead by 5-10 min (docs/kiro.md §1.8)
_GRACE = 5.0
_RESETTABLE = frozenset({"cooling", "exhausted", "quarantined"})


class Lease(Struct, eq=False):
    """An account held for one attempt, with all that a call to Kiro needs to know of it."""

    name: str
    token: Secret
    token_type: str | None
    profile_arn: str
    region: str
    held: bool = True


def _unheard(_: StandingChange) -> None:
    """Nobody listens."""


class AccountPool:
    """A person's accounts, each of which serves in turn and none that must be left alone.

    Of all that could be waited for, a lease waits for a refresh only.
    """

    def __init__(
        self,
        credentials: Iterable[Credential],
        refresher: Refresher,
        store: StateStore,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        changed: Callable[[StandingChange], None] = _unheard,
    ) -> None:
        self._store = store
        self._clock = clock
        self._random = random or SystemRandom()
        self._changed = changed
        self._members = {
            credential.name: Member(
                credential, position, clock(), self._random.uniform(_EARLIEST, _LATEST)
            )
            for position, credential in enumerate(credentials)
        }
        self._turn = 0
        self._breaker = Breaker()
        self._saves = Errands()
        self._renewals = Renewals(refresher, store, self._mark, clock=clock, random=self._random)

    @property
    def degraded(self) -> str:
        """Why the state is not durable just now; empty when it is."""
        return self._store.degraded

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of the state that `start` found."""
        return self._store.warnings

    async def start(self) -> None:
        """Go on from the kept state; raises StateUnreadable."""
        records = await self._store.load()
        for member in self._members.values():
            if record := records.get(member.key):
                member.restore(record)

    async def stop(self, grace: float = _GRACE) -> None:
        """End all work beside the requests, and let what is under way finish for a while."""
        await self._renewals.finish(grace)
        await self._saves.finish(grace)
        await self._store.close()

    async def lease(self, *, never: Collection[str] = (), last: Collection[str] = ()) -> Lease:
        """Lease the next ready account that is not in `never`; one in `last` if there is no other.

        Raises NoAccountLeft.
        """
        passed = set(never)
        while True:
            member = self._next(passed, last)
            member.in_flight += 1
            served = False
            try:
                served = await self._prepare(member)
            finally:
                member.in_flight -= not served
            if served:
                return self._grant(member)
            passed.add(member.name)

    def release(self, lease: Lease, error: BaseException | None) -> None:
        """Give an account back with what became of it; None says that all went well."""
        if not lease.held:
            return
        lease.held = False
        member, now = self._members[lease.name], self._clock()
        member.in_flight -= 1
        if error is None:
            member.rate_limits = 0
        if isinstance(error, AccountError):
            member.failures += 1
        if isinstance(error, AccountSuspended):
            self._breaker.note_suspension(lease.name, now)
        standing = verdict(error, now, self._pause(member, error))
        if standing is not None and standing.outweighs(member.standing):
            self._mark(member, standing)
        if isinstance(error, RateLimited) and error.retry_after is None and member.standing.until:
            error.retry_after = member.standing.until - now

    async def renew(self, lease: Lease) -> None:
        """Get a new token for a lease whose token Kiro refused; raises an AccountError."""
        member = self._members[lease.name]
        if member.credential.kind == "api-key":
            raise AccountRefused("Kiro refuses the API key")
        was_renewed_since = member.token != lease.token
        if not was_renewed_since and (failure := await self._renewals.outcome(member)):
            raise _as_account_error(failure)
        self._fill(lease, member)

    def statuses(self) -> list[AccountStatus]:
        self._settle()
        return [member.status() for member in self._members.values()]

    def reset(self, name: str | None = None) -> int:
        """Clear what a person may clear, of one account or of all; return how many it was."""
        self._settle()
        if name is None:
            self._breaker.reset()
        marked = [
            member
            for member in self._members.values()
            if name in (None, member.name) and member.standing.state in _RESETTABLE
        ]
        for member in marked:
            member.rate_limits = 0
            self._mark(member, structs.replace(READY, since=self._clock()))
        return len(marked)

    def _next(self, passed: Collection[str], last: Collection[str]) -> Member:
        now = self._settle()
        if closed := self._breaker.remaining(now):
            raise pool_closed(closed)
        able = [
            member
            for member in self._members.values()
            if member.standing.state == "ready" and member.has_room and member.name not in passed
        ]
        if not able:
            raise no_account_left(self._members.values(), passed, now)
        preferred = [
            member
            for member in able
            if member.name not in last and not self._is_waited_for(member, now)
        ]
        chosen = round_robin(preferred or able, self._turn)
        self._turn = chosen.position + 1
        return chosen

    def _is_waited_for(self, member: Member, now: float) -> bool:
        """Tell whether others already wait for this member's token."""
        return not member.has_token(now) and self._renewals.is_running(member)

    async def _prepare(self, member: Member) -> bool:
        """Tell whether the member can serve, after a refresh where its token has ended."""
        if member.has_token(self._clock()):
            if member.is_due(self._clock()):
                _ = self._renewals.begin(member)  # beside the request, which need not wait
            return True
        await self._renewals.outcome(member)
        return member.standing.state == "ready" and member.has_token(self._clock())

    def _grant(self, member: Member) -> Lease:
        member.requests += 1
        token_type = "API_KEY" if member.credential.kind == "api-key" else None
        lease = Lease(member.name, Secret(""), token_type, "", "")
        self._fill(lease, member)
        return lease

    @staticmethod
    def _fill(lease: Lease, member: Member) -> None:
        lease.token = member.token or lease.token
        lease.profile_arn = member.profile_arn
        lease.region = member.region

    def _pause(self, member: Member, error: BaseException | None) -> float:
        """Return the least pause after a rate limit; those of one burst count as one."""
        if not isinstance(error, RateLimited):
            return 0.0
        if member.standing.state != "cooling":
            member.rate_limits += 1
        return backoff(member.rate_limits - 1, self._random)

    def _settle(self) -> float:
        """Let standings whose time is over lapse; return now."""
        now = self._clock()
        for member in self._members.values():
            if member.standing.has_lapsed(now):
                self._change(member, structs.replace(READY, since=now))
        return now

    def _mark(self, member: Member, standing: Standing) -> None:
        """Change a standing, and keep the change where it outlives a restart."""
        lasting = is_lasting(standing) or is_lasting(member.standing)
        self._change(member, standing)
        if lasting:
            self._saves.send(self._store.save(member.key, member.record(self._clock())))

    def _change(self, member: Member, standing: Standing) -> None:
        before, member.standing = member.standing, standing
        self._changed(StandingChange(member.name, before, standing))


def _as_account_error(failure: Failure) -> AccountError:
    if isinstance(failure, NeedsLogin):
        return AccountRefused(f"needs a new login: {failure}")
    if failure.told_to_wait:
        return RateLimited(f"its sign-in service {failure}", retry_after=failure.retry_after)
    return TokenExpired(f"Kiro refuses the token, and its sign-in service {failure}")
