"""New tokens for members of the pool: one refresh at a time each, durable before it is used."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from ki2api.accounts.account import Standing, Wallet
from ki2api.accounts.errands import Errands
from ki2api.accounts.ledger import StateStore
from ki2api.accounts.member import Member
from ki2api.accounts.refresh import NeedsLogin, Refresher, RefreshFailed, Tokens
from ki2api.accounts.verdict import backoff
from pipeline.secret import Secret

Failure: TypeAlias = NeedsLogin | RefreshFailed


class Renewals:
    """The refreshes under way; whoever needs the same account's token waits for the same one.

    `mark` is called with the standing that a failed refresh leads to.
    """

    def __init__(
        self,
        refresher: Refresher,
        store: StateStore,
        mark: Callable[[Member, Standing], None],
        *,
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self._refresher = refresher
        self._store = store
        self._mark = mark
        self._clock = clock
        self._random = random
        self._errands = Errands()
        self._running: dict[str, asyncio.Task[Failure | None]] = {}

    def begin(self, member: Member) -> asyncio.Task[Failure | None]:
        """Start a refresh, or return the one that is under way."""
        if member.name not in self._running:
            task = self._errands.start(self._renew(member))
            task.add_done_callback(lambda _: self._running.pop(member.name))
            self._running[member.name] = task
        return self._running[member.name]

    def is_running(self, member: Member) -> bool:
        """Tell whether a refresh of this account is under way."""
        return member.name in self._running

    async def outcome(self, member: Member) -> Failure | None:
        """Wait for a refresh; who stops waiting does not stop it for the others."""
        return await asyncio.shield(self.begin(member))

    async def finish(self, grace: float) -> None:
        """Let refreshes end: one that is cut off may lose a token that was already rotated."""
        await self._errands.finish(grace)

    async def _renew(self, member: Member) -> Failure | None:
        try:
            sent, tokens = await self._exchange(member)
        except NeedsLogin as error:
            reason = f"needs a new login: {error}"
            self._mark(member, Standing("needs-login", reason, self._clock()))
            return error
        except RefreshFailed as error:
            self._postpone(member, error)
            return error
        member.wallet = renewed(member.wallet, sent, tokens)
        now = self._clock()
        await self._store.save(member.key, member.record(now))
        member.serve(now)
        member.refreshes += 1
        member.missed_refreshes = 0
        return None

    async def _exchange(self, member: Member) -> tuple[Secret, Tokens]:
        """Return the token that worked and what it brought; the previous one gets one try."""
        current, previous = member.wallet.refresh, member.wallet.previous
        if current is None:
            raise NeedsLogin("the access token has ended and came without a refresh token")
        try:
            return current, await self._refresher.refresh(member.credential, current)
        except NeedsLogin:
            if previous is None:
                raise
            return previous, await self._refresher.refresh(member.credential, previous)

    def _postpone(self, member: Member, error: RefreshFailed) -> None:
        now = self._clock()
        pause = max(error.retry_after or 0.0, backoff(member.missed_refreshes, self._random))
        member.missed_refreshes += 1
        member.no_refresh_before = now + pause
        if not member.has_token(now):
            reason = f"its sign-in service {error}"
            self._mark(member, Standing("cooling", reason, now, now + pause))


def renewed(wallet: Wallet, sent: Secret, tokens: Tokens) -> Wallet:
    """Return the wallet after a refresh; a rotated token is kept beside its successor."""
    refresh = tokens.refresh or sent
    return Wallet(
        access=tokens.access,
        expires_at=tokens.expires_at,
        refresh=refresh,
        previous=sent if refresh != sent else None,
        profile_arn=tokens.profile_arn or wallet.profile_arn,
    )
