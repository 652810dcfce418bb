"""What Kiro told of the accounts beside answering: their models, and what their plans hold."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from ki2api.accounts.companion import Companion, PlanUsage
from ki2api.accounts.errands import Errands
from ki2api.accounts.inquiry import Inquiry, Manners
from ki2api.accounts.member import Member
from ki2api.errors import GatewayError, TokenExpired
from ki2api.models import FALLBACK, Model

T = TypeVar("T")
_MINUTE, _HOUR = 60.0, 3_600.0


class _List(Struct, frozen=True, eq=False):
    """The models of one account, as they were told at once; another answer is another list."""

    models: tuple[Model, ...]
    ids: frozenset[str]


class Knowledge:
    """Asks only where there is a reason to, and never for an account that must be left alone.

    `ensure` tells whether an account has a token that works, after a refresh if it has to be.
    """

    def __init__(
        self,
        companion: Companion,
        ensure: Callable[[Member], Awaitable[bool]],
        *,
        manners: Manners,
        clock: Callable[[], float],
        errands: Errands,
    ) -> None:
        self._companion = companion
        self._ensure = ensure
        self._manners = manners
        self._clock = clock
        self._errands = errands
        self._models = self._inquiry(self._ask_models, _HOUR)
        self._usage = self._inquiry(self._ask_usage, _MINUTE)
        self._usage_with_email = self._inquiry(self._ask_usage_with_email, _MINUTE)
        self._offered: tuple[list[_List], Sequence[Model]] = ([], FALLBACK)

    def forget(self, name: str) -> None:
        """Know nothing of this account: another login has taken its name."""
        self._models.forget(name)
        self._usage.forget(name)
        self._usage_with_email.forget(name)

    def may_have(self, member: Member, model: str) -> bool:
        """Tell whether an account may have a model: one whose list is not known may."""
        listed = self._models.answers.get(member.name)
        return listed is None or model in listed.ids

    def count(self, member: Member) -> int | None:
        """Return how many models an account lists, if that is known."""
        listed = self._models.answers.get(member.name)
        return None if listed is None else len(listed.models)

    def look_after(self, member: Member) -> None:
        """Bring the list of models up to date beside the requests, for an account that serves."""
        if member.standing.state == "ready" and not member.failed_last:
            self._models.begin(member)

    def offered(self, members: Collection[Member]) -> Sequence[Model]:
        """Return the models that ready accounts list; the common ones where no list is known.

        The same lists give the same object again.
        """
        known = self._models.answers
        lists = [
            known[each.name]
            for each in members
            if each.standing.state == "ready" and each.name in known
        ]
        if not lists and all(each.standing.state != "ready" for each in members):
            lists = [known[each.name] for each in members if each.name in known]
        if lists != self._offered[0]:
            union = {model.id: model for listed in reversed(lists) for model in listed.models}
            ordered = dict.fromkeys(model.id for listed in lists for model in listed.models)
            self._offered = lists, tuple(union[each] for each in ordered) or FALLBACK
        return self._offered[1]

    async def learn_models(self, members: Iterable[Member]) -> None:
        """Ask for the lists that are not known yet, of accounts that can serve."""
        for member in list(members):
            if member.standing.state == "ready" and member.name not in self._models.answers:
                await self._answered(self._models, member)

    def usage(self, member: Member) -> PlanUsage | None:
        """Return what Kiro last said of an account's plan, if it was asked."""
        return self._usage.answers.get(member.name)

    async def ask_usage(self, member: Member, *, with_email: bool = False) -> PlanUsage | str:
        """Ask now, unless that was done within a minute; a text says why nothing is known."""
        inquiry = self._usage_with_email if with_email else self._usage
        return await self._answered(inquiry, member)

    async def reset_of(self, member: Member) -> float | None:
        """Return when the plan's credits come back, as Kiro says it now, in Unix seconds."""
        self._usage.outdate(member.name)
        usage = await self._answered(self._usage, member)
        return None if isinstance(usage, str) else usage.resets

    async def _answered(self, inquiry: Inquiry[T], member: Member) -> T | str:
        try:
            return await inquiry.answer(member)
        except GatewayError as error:
            return error.detail

    async def _ask_models(self, member: Member) -> _List:
        await self._need_token(member)
        models = await self._companion.models(member.access())
        return _List(models, frozenset(model.id for model in models))

    async def _ask_usage(self, member: Member) -> PlanUsage:
        await self._need_token(member)
        return await self._companion.usage(member.access())

    async def _ask_usage_with_email(self, member: Member) -> PlanUsage:
        await self._need_token(member)
        return await self._companion.usage(member.access(), with_email=True)

    async def _need_token(self, member: Member) -> None:
        if not await self._ensure(member):
            raise TokenExpired("the account has no token that works")
        self._manners.check(member)

    def _inquiry(self, ask: Callable[[Member], Awaitable[T]], fresh: float) -> Inquiry[T]:
        return Inquiry(
            ask,
            fresh_seconds=fresh,
            rest_seconds=_MINUTE,
            manners=self._manners,
            clock=self._clock,
            errands=self._errands,
        )
