"""Searches the web in the name of an account, and lets the pool know what came of it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from ki2api.accounts.companion import Access
from ki2api.accounts.lease import Lease, Wish
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.strategies import Candidate, Strategy, first_ready
from ki2api.conversation import WebPage
from ki2api.errors import (
    AccountError,
    AccountSuspended,
    GatewayError,
    ProfileRefused,
    QuotaSpent,
    RateLimited,
    TokenExpired,
)

_OF_THE_ACCOUNT = (AccountSuspended, RateLimited, QuotaSpent)
"""What says how the account stands. A refusal may be of searches alone, so nothing follows."""


class Searcher(Protocol):
    """Searches the web at Kiro."""

    async def search(self, access: Access, query: str) -> tuple[WebPage, ...]:
        """Return the pages; raises GatewayError."""


class Searches:
    """Searches by the account that serves the conversation, if it can, else by one other."""

    def __init__(self, pool: AccountPool, searcher: Searcher) -> None:
        self._pool = pool
        self._searcher = searcher

    async def search(
        self, query: str, *, account: str, model: str, calling: Callable[[], None]
    ) -> tuple[WebPage, ...]:
        """Return the pages; raises GatewayError, as may `calling`, which is told of each call.

        After a fault of an account one other is asked, but none after a suspension.
        """
        choose = _preferring(account)
        lease = await self._pool.lease(Wish(model, choose=choose))
        try:
            return await self._by(lease, query, calling)
        except AccountSuspended:
            raise
        except AccountError as error:
            first = error
        try:
            lease = await self._pool.lease(Wish(model, never=(lease.name,), choose=choose))
        except GatewayError:
            raise first from None
        return await self._by(lease, query, calling)

    async def _by(
        self, lease: Lease, query: str, calling: Callable[[], None]
    ) -> tuple[WebPage, ...]:
        learned: GatewayError | None = None
        try:
            return await self._mended(lease, query, calling)
        except _OF_THE_ACCOUNT as error:
            learned = error
            raise
        finally:
            # That searches work says nothing of conversations, so it does not count as served.
            self._pool.release(lease, learned, served=False)

    async def _mended(
        self, lease: Lease, query: str, calling: Callable[[], None]
    ) -> tuple[WebPage, ...]:
        """Search, and once more where a new token or another profile may help."""
        calling()
        try:
            return await self._searcher.search(lease, query)
        except TokenExpired:
            await self._pool.renew(lease)
        except ProfileRefused:
            if not await self._pool.find_profile(lease):
                raise
        calling()
        return await self._searcher.search(lease, query)


def _preferring(account: str) -> Strategy:
    def choose(candidates: Sequence[Candidate], now: float) -> Candidate:
        same = [each for each in candidates if each.name == account]
        return first_ready(same or candidates, now)

    return choose
