"""Holds one account for one attempt, until the reply has ended."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from ki2api.accounts.lease import Lease, Wish, nobody
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.strategies import Strategies
from ki2api.conversation import Conversation, TextPart
from ki2api.errors import (
    AccountError,
    GatewayError,
    ModelNotOffered,
    ProfileRefused,
    TokenExpired,
    UnknownModel,
)
from ki2api.flow import Attempt, GatewayFlow
from pipeline import Next, Stage, StageConfig

_NOBODY: tuple[frozenset[str], frozenset[str]] = frozenset(), frozenset()


class AccountSelectConfig(StageConfig, frozen=True):
    """Which account serves."""

    strategy: str = "round-robin"
    """For new conversations; or `first-ready`, `least-used`, or your own `file.py:function`."""
    sticky_minutes: Annotated[float, Meta(ge=0)] = 60.0
    """A conversation that comes back stays on its account, for the prompt cache; 0 for never."""


class AccountSelect(Stage[GatewayFlow, AccountSelectConfig]):
    """Leases an account and gives it back with the outcome; mends an expired token once."""

    name = "account-select"
    requires: ClassVar[frozenset[str]] = frozenset({"conversation", "target"})
    provides: ClassVar[frozenset[str]] = frozenset({"account"})
    repeats: ClassVar[bool] = True
    once_per_attempt: ClassVar[str] = "every attempt will use the same account"

    def __init__(
        self, config: AccountSelectConfig, pool: AccountPool, strategies: Strategies
    ) -> None:
        super().__init__(config)
        self._pool = pool
        self._choose = strategies.find(config.strategy)
        self._sticky = config.sticky_minutes * 60

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Fill `flow.account`; raises NoAccountLeft."""
        if flow.dry:
            flow.account = self._peeked(flow)
            await call_next(flow)
            return
        lease = await self._pool.lease(self._wish(flow))
        flow.when_left(partial(self._release, lease, flow))
        flow.account = lease
        try:
            await call_next(flow)
        except (TokenExpired, ProfileRefused, ModelNotOffered) as error:
            await self._mend(lease, error)
            await call_next(flow)
        lease.answered = True

    def _release(self, lease: Lease, flow: GatewayFlow, error: BaseException | None) -> None:
        """Give a lease back with the outcome, also of a reply that broke off later."""
        self._pool.release(lease, error or flow.failure, served=lease.answered)

    async def _mend(self, lease: Lease, error: GatewayError) -> None:
        """Mend what was wrong with a lease; raises an error where it cannot be mended."""
        match error:
            case TokenExpired():
                await self._pool.renew(lease)
            case ModelNotOffered() if not self._pool.may_have(lease):
                # No account lists it and Kiro does not know it either: others need not be asked.
                raise UnknownModel(error.detail) from error
            case ProfileRefused() if await self._pool.find_profile(lease):
                pass
            case _:
                raise error

    def _peeked(self, flow: GatewayFlow) -> Lease:
        """Choose as ever, but hold nothing; where no account could serve, none stands there."""
        for status in self._pool.statuses():
            if status.state != "ready":
                flow.note(self.name, f"{status.name} is {status.state}: {status.reason}")
        try:
            lease = self._pool.peek(self._wish(flow))
        except GatewayError as error:
            flow.note(self.name, error.detail.partition("\n")[0].rstrip(":"))
            return nobody(flow.target.model.id)
        ready = [each.name for each in self._pool.statuses() if each.state == "ready"]
        why = (
            f"chosen by {self.config.strategy} among {', '.join(ready)}"
            if ready[1:]
            else "no other could"
        )
        flow.note(self.name, f"{lease.name} would serve: {why}")
        return lease

    def _wish(self, flow: GatewayFlow) -> Wish:
        attempts = flow.attempts if flow.has("attempts") else ()
        never, last = _past(attempts) if attempts else _NOBODY
        conversation, sticky = flow.conversation, self._sticky
        key = flow.caller.key if flow.has("caller") else ""
        return Wish(
            model=flow.target.model.id,
            never=never,
            last=last,
            choose=self._choose,
            session=_session(conversation, key) if sticky else "",
            comes_back=conversation.metadata.session is not None or len(conversation.turns) > 1,
            sticky=sticky,
        )


def _session(conversation: Conversation, key: str) -> str:
    """Name what somebody says: by its session, else by what stands at its beginning.

    The system prompt alone would make one of all conversations of a tool.
    """
    said: list[str | None] = [key, conversation.metadata.session]
    if conversation.metadata.session is None:
        first = conversation.turns[0].parts
        said += [part.text for part in conversation.system]
        said += [part.text for part in first if isinstance(part, TextPart)]
    return str(hash(tuple(said)))  # a text keeps its hash, and the estimate asks for it too


def _past(attempts: Sequence[Attempt]) -> tuple[set[str], set[str]]:
    """Return the accounts that a request may not use again, and those to use last."""
    tried = Counter(attempt.account for attempt in attempts if attempt.account)
    at_fault = {
        attempt.account
        for attempt in attempts
        if attempt.account and _is_the_accounts(attempt.error)
    }
    never = at_fault | {name for name, times in tried.items() if times > 1}
    return never, set(tried) - never


def _is_the_accounts(error: GatewayError) -> bool:
    return error.retry == "other" or isinstance(error, AccountError)
