"""A question that is put to Kiro about each account, and no more often than it has to be."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct

from ki2api.accounts.errands import Errands
from ki2api.accounts.member import Member
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    GatewayError,
    QuotaSpent,
    RateLimited,
)

T = TypeVar("T")
_LONGEST_REST = 900.0
_DOUBLINGS = 10
_OF_THE_ACCOUNT = (AccountSuspended, RateLimited, QuotaSpent)


class Manners(Struct, frozen=True):
    """What holds for all questions alike.

    `objection` says why Kiro must not be asked anything for an account now, or nothing; `learn`
    is told of a refusal that says how the account stands, whatever the question was.
    """

    objection: Callable[[Member], str]
    learn: Callable[[Member, GatewayError], object]

    def check(self, member: Member) -> None:
        """Raise AccountRefused where nothing may be asked."""
        if objection := self.objection(member):
            raise AccountRefused(objection)


class _Known(Struct, Generic[T]):
    answer: T | None = None
    failure: GatewayError | None = None
    asked_at: float = 0.0
    again_at: float = 0.0
    missed: int = 0
    asking: asyncio.Task[None] | None = None


class Inquiry(Generic[T]):
    """Keeps the answer for each account: asked once at a time, and anew when it has grown old.

    An old answer is shown while a new one is not there. After a failure the question rests, twice
    as long after each one more, up to a quarter of an hour; and for as long as an answer would be
    fresh, while Kiro does not serve the account's requests either.
    """

    def __init__(
        self,
        ask: Callable[[Member], Awaitable[T]],
        *,
        fresh_seconds: float,
        rest_seconds: float,
        manners: Manners,
        clock: Callable[[], float],
        errands: Errands,
    ) -> None:
        self._ask = ask
        self._fresh = fresh_seconds
        self._rest = rest_seconds
        self._manners = manners
        self._clock = clock
        self._errands = errands
        self._known: dict[str, _Known[T]] = {}

    def known(self, name: str) -> T | None:
        """Return the last answer for the account of this name, however old."""
        known = self._known.get(name)
        return None if known is None else known.answer

    def forget(self, name: str) -> None:
        """Know nothing of this account, not even what it is being asked just now."""
        self._known.pop(name, None)

    def outdate(self, name: str) -> None:
        """Let the next question be asked at once; the old answer is shown meanwhile."""
        if name in self._known:
            self._known[name].asked_at = self._known[name].again_at = 0.0

    def is_due(self, member: Member) -> bool:
        """Tell whether it is time to ask."""
        known = self._known.get(member.name) or _Known()
        rested_at = known.asked_at + self._fresh if member.failed_last else 0.0
        return self._clock() >= max(known.again_at, rested_at)

    def begin(self, member: Member) -> None:
        """Ask beside the requests, if it is time to and nothing is against it."""
        if self.is_due(member) and not self._manners.objection(member):
            _ = self._start(member)

    async def answer(self, member: Member) -> T:
        """Return an answer that is fresh, or the last one; raises GatewayError where none came."""
        self._manners.check(member)
        if self.is_due(member):
            await asyncio.shield(self._start(member))
        known = self._known.get(member.name) or _Known()
        if known.answer is None:
            raise known.failure or AccountRefused("the account was forgotten meanwhile")
        return known.answer

    def _start(self, member: Member) -> asyncio.Task[None]:
        known = self._known.setdefault(member.name, _Known())
        if known.asking is None:
            known.asking = self._errands.start(self._put(member, known))
        return known.asking

    async def _put(self, member: Member, known: _Known[T]) -> None:
        try:
            known.answer = await self._ask(member)
            known.failure, known.again_at = None, self._clock() + self._fresh
            known.missed = 0
        except GatewayError as error:
            rest = min(_LONGEST_REST, self._rest * 2.0 ** min(known.missed, _DOUBLINGS))
            known.failure, known.again_at = error, self._clock() + rest
            known.missed += 1
            if isinstance(error, _OF_THE_ACCOUNT):
                self._manners.learn(member, error)
        finally:
            known.asking, known.asked_at = None, self._clock()
