"""Holds one account for one attempt, until the reply has ended."""

from collections import Counter
from types import TracebackType
from typing import ClassVar

from ki2api.accounts.pool import AccountPool, Lease
from ki2api.errors import AccountError, GatewayError, TokenExpired
from ki2api.flow import GatewayFlow
from pipeline import Next, Stage, StageConfig


class AccountSelectConfig(StageConfig, frozen=True):
    """No settings yet: accounts take turns in the order configured."""


class AccountSelect(Stage[GatewayFlow, AccountSelectConfig]):
    """Leases an account and gives it back with the outcome; mends an expired token once."""

    name = "account-select"
    requires: ClassVar[frozenset[str]] = frozenset({"target"})
    provides: ClassVar[frozenset[str]] = frozenset({"account"})
    repeats: ClassVar[bool] = True
    once_per_attempt: ClassVar[str] = "every attempt will use the same account"

    def __init__(self, config: AccountSelectConfig, pool: AccountPool) -> None:
        super().__init__(config)
        self._pool = pool

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Fill `flow.account`; raises NoAccountLeft."""
        never, last = _past(flow)
        lease = await self._pool.lease(never=never, last=last)
        flow.keep_open(_Held(self._pool, lease, flow))
        flow.account = lease
        try:
            await call_next(flow)
        except TokenExpired:
            await self._pool.renew(lease)
            await call_next(flow)


class _Held:
    """A lease whose release learns the outcome, also of a reply that broke off later."""

    def __init__(self, pool: AccountPool, lease: Lease, flow: GatewayFlow) -> None:
        self._pool = pool
        self._lease = lease
        self._flow = flow

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._pool.release(self._lease, error or self._flow.failure)


def _past(flow: GatewayFlow) -> tuple[set[str], set[str]]:
    """Return the accounts that this request may not use again, and those to use last."""
    attempts = flow.attempts if flow.has("attempts") else []
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
