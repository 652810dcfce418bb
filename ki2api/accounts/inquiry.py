"""A question that is put to Kiro about each account, and no more often than it has to be."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct

from ki2api.accounts.errands import Errands
from ki2api.accounts.member import Member
from ki2api.errors import GatewayError

T = TypeVar("T")
_LONGEST_REST = 900.0
_DOUBLINGS = 10


class _Known(Struct, Generic[T]):
    answer: T | None = None
    failure: GatewayError | None = None
    again_at: float = 0.0
    missed: int = 0
    asking: asyncio.Task[None] | None = None


class Inquiry(Generic[T]):
    """Keeps the answer for each account: asked once at a time, and anew when it has grown old.

    An old answer is shown while a new one is not there. After a failure the question rests, twice
    as long after each one more, up to a quarter of an hour.
    """

    def __init__(
        self,
        ask: Callable[[Member], Awaitable[T]],
        *,
        fresh_seconds: float,
        rest_seconds: float,
        clock: Callable[[], float],
        errands: Errands,
    ) -> None:
        self._ask = ask
        self._fresh = fresh_seconds
        self._rest = rest_seconds
        self._clock = clock
        self._errands = errands
        self._known: dict[str, _Known[T]] = {}

    def known(self, name: str) -> T | None:
        """Return the last answer for the account of this name, however old."""
        return self._known[name].answer if name in self._known else None

    def forget(self, name: str) -> None:
        """Know nothing of this account, not even what it is being asked just now."""
        self._known.pop(name, None)

    def outdate(self, name: str) -> None:
        """Let the next question be asked at once; the old answer is shown meanwhile."""
        if name in self._known:
            self._known[name].again_at = 0.0

    def is_due(self, name: str) -> bool:
        """Tell whether a question would be asked now."""
        return name not in self._known or self._clock() >= self._known[name].again_at

    def begin(self, member: Member) -> None:
        """Ask beside the requests, if it is time to."""
        if self.is_due(member.name):
            _ = self._start(member)

    async def answer(self, member: Member) -> T:
        """Return an answer that is fresh, or the last one; raises GatewayError where none came."""
        if self.is_due(member.name):
            await asyncio.shield(self._start(member))
        known = self._known.get(member.name) or _Known()
        if known.answer is None:
            raise known.failure or GatewayError("the account was forgotten meanwhile")
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
        finally:
            known.asking = None
