"""The pool of accounts: leases them out in turn and learns from how each lease ends."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random, SystemRandom

from msgspec import structs

from ki2api.accounts.account import AccountStatus, Credential, Standing, StandingChange
from ki2api.accounts.breaker import Breaker
from ki2api.accounts.clock import steady_time
from ki2api.accounts.companion import Companion, PlanUsage
from ki2api.accounts.errands import Errands, finish_all
from ki2api.accounts.heirs import heirs
from ki2api.accounts.inquiry import Manners
from ki2api.accounts.keeper import Keeper
from ki2api.accounts.knowledge import Knowledge
from ki2api.accounts.lease import Lease, Wish, leased
from ki2api.accounts.ledger import StateStore
from ki2api.accounts.member import READY, Member
from ki2api.accounts.profiles import Profiles
from ki2api.accounts.renewal import (
    Look,
    Renewals,
    TokenSource,
    WriteBack,
    as_account_error,
    look_nowhere,
    write_nowhere,
)
from ki2api.accounts.shortage import pool_closed
from ki2api.accounts.turns import Turns
from ki2api.errors import (
    AccountError,
    AccountRefused,
    AccountSuspended,
    GatewayError,
    QuotaSpent,
    RateLimited,
    UpstreamError,
)
from ki2api.models import Model

_EARLIEST, _LATEST = 300.0, 600.0  # refresh ahead by 5-10 min (docs/kiro.md §1.8)
_GRACE = 5.0
_RESETTABLE = frozenset({"cooling", "exhausted", "quarantined"})


def _unheard(_: object) -> None:
    """Nobody listens."""


class AccountPool:
    """A person's accounts, each of which serves in turn and none that must be left alone.

    Of all that could be waited for, a lease waits for a refresh and for a profile only.
    """

    def __init__(  # noqa: PLR0913 - the pool's own world: a clock, chance, and who is told
        self,
        credentials: Iterable[Credential],
        refresher: TokenSource,
        store: StateStore,
        *,
        companion: Companion,
        look: Look = look_nowhere,
        write_back: WriteBack = write_nowhere,
        clock: Callable[[], float] = steady_time,
        random: Random | None = None,
        changed: Callable[[StandingChange], None] = _unheard,
        told: Callable[[str], None] = _unheard,
    ) -> None:
        self._store = store
        self._clock = clock
        self._random = random or SystemRandom()
        self._changed = changed
        self._told = told
        self._look = look
        self._members: dict[str, Member] = {}
        self._departed: list[Member] = []
        self._breaker = Breaker()
        self._errands = Errands()
        self._keeper = Keeper(store, self._errands, self._clock)
        self._renewals = Renewals(
            refresher,
            self._keeper,
            self._worsen,
            look=self._look_anew,
            holder=self._holder,
            write_back=write_back,
            clock=self._clock,
            random=self._random,
        )
        manners = Manners(self._objection, self._learn)
        self._profiles = Profiles(
            companion,
            self._keeper.keep,
            manners=manners,
            clock=self._clock,
            errands=self._errands,
        )
        self._knowledge = Knowledge(
            companion,
            self._renewals.ensure,
            manners=manners,
            clock=self._clock,
            errands=self._errands,
        )
        self._turns = Turns(self._knowledge, self._renewals.is_running)
        self.adopt(credentials)

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
        await self._keeper.load()
        for member in self._members.values():
            self._restore(member)

    async def stop(self, grace: float = _GRACE) -> None:
        """End all work beside the requests, and let what is under way finish for a while."""
        await finish_all(grace, self._renewals, self._errands)
        await self._errands.finish(grace)  # what a refresh left to be kept
        await self._store.close()

    def adopt(self, credentials: Iterable[Credential]) -> None:
        """Go on with these accounts: what is known of those that stay, stays.

        Leases of an account that is gone run on to their end, and so does its refresh: it is
        remembered until then, should it come back.
        """
        earlier, credentials = [*self._departed, *self._members.values()], list(credentials)
        going_on = heirs(credentials, self._members.values(), self._departed)
        members: dict[str, Member] = {}
        for position, credential in enumerate(credentials):
            namesake = self._members.get(credential.name)
            if namesake is None or not namesake.is_of(credential):
                self._knowledge.forget(credential.name)
                self._profiles.forget(credential.name)
            member = going_on.get(credential.name) or self._newcomer(credential, position)
            self._keeper.replace_login(member, credential, position)
            members[credential.name] = member
        self._members = members
        busy = [each for each in earlier if each.in_flight or self._renewals.is_running(each)]
        self._departed = [member for member in busy if member not in members.values()]

    async def lease(self, wish: Wish) -> Lease:
        """Lease an account that can serve the wish; raises NoAccountLeft, or what all suffer."""
        passed = set(wish.never)
        while True:
            now = self._now()
            member = self._turns.next(self._members, wish, passed, now)
            member.in_flight += 1
            if self._renewals.ensure_at_once(member, now) and self._profiles.is_settled(member):
                return self._grant(member, wish, now)  # as there is nothing to wait for
            served = False
            try:
                served = await self._prepare(member, wish.model)
            finally:
                member.in_flight -= not served
            if served:
                return self._grant(member, wish, self._clock())
            passed.add(member.name)

    def peek(self, wish: Wish) -> Lease:
        """Return what `lease` would choose, not held and its token not renewed; raises as it."""
        member, _ = self._turns.look(self._members, wish, wish.never, self._now())
        return leased(member, wish.model, held=False)

    def release(self, lease: Lease, error: BaseException | None, *, served: bool = True) -> None:
        """Give an account back with what became of it; None says that all went well.

        `served` is False where nobody knows, because the client left before Kiro had answered.
        """
        if not lease.held:
            return
        lease.held = False
        member = lease.member
        member.in_flight -= 1
        if error is None:
            if served:
                member.succeed(lease.model)
                self._knowledge.look_after(member)
            return
        if isinstance(error, AccountError):
            member.failures += 1
        changed = self._learn(member, error, lease.model)
        if changed and isinstance(error, QuotaSpent) and error.retry_after is None:
            self._errands.send(self._learn_the_reset(member))
        if isinstance(error, GatewayError):
            member.failed_last = isinstance(error, UpstreamError | RateLimited)
            self._knowledge.look_after(member)

    async def renew(self, lease: Lease) -> None:
        """Get a new token for a lease whose token Kiro refused; raises an AccountError."""
        member = lease.member
        if member.credential.kind == "api-key":
            raise AccountRefused("Kiro refuses the API key")
        now = self._settle()
        is_refused = member.token == lease.token or not member.has_token(now)
        if is_refused and not member.is_left_alone:
            if member.was_mended(now):
                raise AccountRefused("Kiro refuses also the token that was renewed just now")
            if failure := await self._renewals.outcome(member):
                raise as_account_error(failure)
            member.mended_at = self._clock()
        if member.is_left_alone:
            raise AccountRefused(f"{member.standing.state}: {member.standing.reason}")
        lease.catch_up()

    def may_have(self, lease: Lease) -> bool:
        """Tell whether the account of a lease may have its model, as far as its list says."""
        return self._knowledge.may_have(lease.member, lease.model)

    async def find_profile(self, lease: Lease) -> bool:
        """Find another profile than the one that Kiro refused; tell whether the lease has it."""
        member, refused = lease.member, lease.profile_arn
        found = await self._profiles.find(member, refused)
        if not found or member.is_left_alone:
            return False
        lease.catch_up()
        return lease.profile_arn != refused

    def names(self) -> list[str]:
        """Return the names of the accounts, in their order."""
        return list(self._members)

    def statuses(self) -> list[AccountStatus]:
        """Return how each account stands."""
        self._settle()
        knows = self._knowledge
        return [
            member.status(knows.usage(member), knows.count(member))
            for member in self._members.values()
        ]

    def breaker_remaining(self) -> float:
        """Return for how many seconds the breaker keeps all accounts from being used."""
        return self._breaker.remaining(self._clock())

    def reset(self, name: str | None = None) -> int:
        """Clear what a person may clear, of one account or of all; return how many it was."""
        self._settle()
        self._breaker.reset()
        chosen = [each for each in self._members.values() if name in (None, each.name)]
        marked = [each for each in chosen if each.standing.state in _RESETTABLE or each.models]
        for member in marked:
            member.is_dead = False
            member.streaks.clear()
            member.models.clear()
            if member.standing.state in _RESETTABLE:
                self._mark(member, structs.replace(READY, since=self._clock()))
            else:
                self._keeper.save(member)
        return len(marked)

    async def refresh(self, name: str) -> str:
        """Renew an account's token because a person wants it; return why not, or nothing.

        Raises KeyError for a name that is none.
        """
        member = self._members[name]
        if member.credential.kind == "api-key":
            return "an API key is not refreshed: it is the token itself"
        if member.standing.state in {"quarantined", "disabled"}:
            return f"it is {member.standing.state}: {member.standing.reason}"
        failure = await self._renewals.outcome(member)
        if failure is None and member.standing.state == "needs-login":
            self._mark(member, structs.replace(READY, since=self._clock()))
        return str(failure or "")

    def offered(self) -> Sequence[Model]:
        """Return the models that the ready accounts list; the common ones where none is known."""
        self._settle()
        return self._knowledge.offered(self._members.values())

    async def learn_models(self) -> None:
        """Ask for the lists of models that are not known yet, of accounts that can serve."""
        self._settle()
        await self._knowledge.learn_models(self._members.values())

    async def usages(
        self, name: str | None = None, *, with_email: bool = False
    ) -> dict[str, PlanUsage | str]:
        """Ask Kiro what accounts have used of their plans; a text says why one is not known."""
        chosen = [each for each in self._members.values() if name in (None, each.name)]
        ask = partial(self._knowledge.ask_usage, with_email=with_email)
        return {member.name: await ask(member) for member in chosen}

    def _now(self) -> float:
        """Return now, where accounts may be used at all; raises NoAccountLeft."""
        now = self._settle()
        if seconds := self._breaker.remaining(now):
            raise pool_closed(seconds)
        return now

    async def _prepare(self, member: Member, model: str) -> bool:
        """Tell whether the member can serve, after a refresh where its token has ended."""
        if not await self._renewals.ensure(member):
            return False
        await self._profiles.settle(member)
        is_gone = self._members.get(member.name) is not member
        return not is_gone and member.can_serve(model) and not self.breaker_remaining()

    def _grant(self, member: Member, wish: Wish, now: float) -> Lease:
        member.requests += 1
        self._turns.bind(self._members, wish, member, now)
        return leased(member, wish.model)

    async def _learn_the_reset(self, member: Member) -> None:
        """Let a spent account return when Kiro says, as the refusal did not say it."""
        resets = await self._knowledge.reset_of(member)
        standing = member.standing
        if resets and standing.state == "exhausted" and resets > self._clock():
            self._mark(member, structs.replace(standing, until=resets))

    def _settle(self) -> float:
        """Let standings whose time is over lapse; return now."""
        now = self._clock()
        for member in self._members.values():
            if before := member.settle(now):
                self._changed(StandingChange(member.name, before, member.standing))
        for member in self._departed:
            member.settle(now)  # of whom nobody needs to hear any more
        return now

    def _objection(self, member: Member) -> str:
        """Say why Kiro must not be asked about an account now, if there is a reason."""
        now = self._settle()
        if member.is_left_alone or member.standing.state == "cooling":
            return f"not asked while the account is {member.standing.state}"
        seconds = self._breaker.remaining(now)
        return pool_closed(seconds).detail if seconds else ""

    def _learn(self, member: Member, error: BaseException, model: str = "") -> bool:
        """Let what Kiro answered change how an account stands; tell whether it did."""
        before, now = member.standing, self._clock()
        if isinstance(error, AccountSuspended):
            self._note_suspension(member.lineage, now)
        changed = member.learn(error, model, now, self._random)
        if changed:
            self._note(member, before)
        return changed

    def _mark(self, member: Member, standing: Standing) -> None:
        """Change a standing, and keep the change."""
        before = member.standing
        member.stand(standing)
        self._note(member, before)

    def _worsen(self, member: Member, standing: Standing) -> None:
        """Change a standing unless a graver one is in force."""
        before = member.standing
        if member.worsen(standing):
            self._note(member, before)

    def _note(self, member: Member, before: Standing) -> None:
        """Tell and keep how a member stands now."""
        if member.standing != before:
            self._changed(StandingChange(member.name, before, member.standing))
        self._keeper.save(member)

    def _newcomer(self, credential: Credential, position: int) -> Member:
        early = self._random.uniform(_EARLIEST, _LATEST)
        member = Member(credential, position, self._clock(), early)
        self._restore(member)
        return member

    def _holder(self, fingerprint: str) -> Member | None:
        return next((each for each in self._members.values() if each.key == fingerprint), None)

    async def _look_anew(self, member: Member) -> Credential | None:
        """Look where a member came from; nothing is for one that is gone, nor another's login."""
        if self._members.get(member.name) is not member:
            return None
        found = await self._look(member.credential)
        others = [each for each in self._members.values() if each is not member]
        is_gone = len(others) == len(self._members)
        is_taken = found is not None and any(each.is_of(found) for each in others)
        return None if is_gone or is_taken else found

    def _restore(self, member: Member) -> None:
        is_news = self._keeper.restore(member)
        standing = member.standing
        if is_news and standing.state == "quarantined" and not standing.has_lapsed(self._clock()):
            self._note_suspension(member.lineage, standing.since)

    def _note_suspension(self, account: str, when: float) -> None:
        """Learn of a suspension, and tell a person where it opens the breaker now."""
        opened = self._breaker.note_suspension(account, when)
        if opened and (seconds := self.breaker_remaining()):
            self._told(pool_closed(seconds).detail)
