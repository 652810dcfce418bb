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


class _Asked(Struct):
    """When the question was put for one account, and what came of it but for an answer."""

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
        self._asked: dict[str, _Asked] = {}
        self.answers: dict[str, T] = {}
        """The last answer for each account by its name, however old."""

    def forget(self, name: str) -> None:
        """Know nothing of this account, not even what it is being asked just now."""
        self._asked.pop(name, None)
        self.answers.pop(name, None)

    def outdate(self, name: str) -> None:
        """Let the next question be asked at once; the old answer is shown meanwhile."""
        if name in self._asked:
            self._asked[name].asked_at = self._asked[name].again_at = 0.0

    def is_due(self, member: Member) -> bool:
        """Tell whether it is time to ask."""
        asked = self._asked.get(member.name) or _Asked()
        now = self._clock()
        has_rested = not member.failed_last or now >= asked.asked_at + self._fresh
        return has_rested and now >= asked.again_at

    def begin(self, member: Member) -> None:
        """Ask beside the requests, if it is time to and nothing is against it."""
        if self.is_due(member) and not self._manners.objection(member):
            _ = self._start(member)

    async def answer(self, member: Member) -> T:
        """Return an answer that is fresh, or the last one; raises GatewayError where none came."""
        self._manners.check(member)
        if self.is_due(member):
            await asyncio.shield(self._start(member))
        if member.name in self.answers:
            return self.answers[member.name]
        asked = self._asked.get(member.name) or _Asked()
        raise asked.failure or AccountRefused("the account was forgotten meanwhile")

    def _start(self, member: Member) -> asyncio.Task[None]:
        asked = self._asked.setdefault(member.name, _Asked())
        if asked.asking is None:
            asked.asking = self._errands.start(self._put(member, member.name, asked))
        return asked.asking

    async def _put(self, member: Member, name: str, asked: _Asked) -> None:
        try:
            answer = await self._ask(member)
            if self._asked.get(name) is asked:  # else it was forgotten meanwhile
                self.answers[name] = answer
            asked.failure, asked.again_at = None, self._clock() + self._fresh
            asked.missed = 0
        except GatewayError as error:
            rest = min(_LONGEST_REST, self._rest * 2.0 ** min(asked.missed, _DOUBLINGS))
            asked.failure, asked.again_at = error, self._clock() + rest
            asked.missed += 1
            if isinstance(error, _OF_THE_ACCOUNT):
                self._manners.learn(member, error)
        finally:
            asked.asking, asked.asked_at = None, self._clock()
