"""New tokens for members of the pool: one refresh at a time each, durable before it is used."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Protocol, TypeAlias

from msgspec import structs

from ki2api.accounts.account import Credential, Standing, Wallet
from ki2api.accounts.errands import Errands
from ki2api.accounts.keeper import Keeper
from ki2api.accounts.member import Member
from ki2api.accounts.signin import NeedsLogin, RefreshFailed, Tokens
from ki2api.accounts.verdict import backoff
from ki2api.errors import AccountError, AccountRefused, RateLimited, TokenExpired
from pipeline.secret import Secret

Failure: TypeAlias = NeedsLogin | RefreshFailed
Look: TypeAlias = Callable[[Credential], Awaitable[Credential | None]]
"""Looks again where a credential was found; returns what stands there now if it is another."""
LookAnew: TypeAlias = Callable[[Member], Awaitable[Credential | None]]
"""Does so for a member, and returns only what it may take."""
WriteBack: TypeAlias = Callable[[Credential, Secret, Tokens], Awaitable[None]]
"""Puts rotated tokens into the foreign file they came from, where its owner wants that."""


class TokenSource(Protocol):
    """Whoever gives new tokens for refresh tokens, as `signin.Refresher` does."""

    async def refresh(self, credential: Credential, refresh_token: Secret) -> Tokens:
        """Exchange the refresh token; raises NeedsLogin (final) or RefreshFailed (transient)."""


async def look_nowhere(_: Credential) -> Credential | None:
    """Nothing to look into: the credential was given once and for all."""
    return None


async def write_nowhere(_: Credential, _sent: Secret, _tokens: Tokens) -> None:
    """No foreign file is written."""


class Renewals:
    """The refreshes under way; whoever needs the same account's token waits for the same one.

    `worsen` is called with the standing that a failed refresh leads to; `holder` tells which
    member has the login of a fingerprint now.
    """

    def __init__(  # noqa: PLR0913 - what a refresh touches: the service, the disk, foreign files
        self,
        refresher: TokenSource,
        keeper: Keeper,
        worsen: Callable[[Member, Standing], None],
        *,
        look: LookAnew,
        holder: Callable[[str], Member | None],
        write_back: WriteBack,
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self._refresher = refresher
        self._keeper = keeper
        self._worsen = worsen
        self._look = look
        self._holder = holder
        self._write_back = write_back
        self._clock = clock
        self._random = random
        self._errands = Errands()
        self._running: dict[Member, asyncio.Task[Failure | None]] = {}

    def begin(self, member: Member) -> asyncio.Task[Failure | None]:
        """Start a refresh, or return the one that is under way."""
        if member not in self._running:
            task = self._errands.start(self._renew(member))
            task.add_done_callback(lambda _: self._running.pop(member))
            self._running[member] = task
        return self._running[member]

    def is_running(self, member: Member) -> bool:
        """Tell whether a refresh of this account is under way."""
        return member in self._running

    def ensure_at_once(self, member: Member, now: float) -> bool:
        """Tell whether the member has a token; one that ends soon is renewed beside the request."""
        if not member.has_token(now):
            return False
        if member.is_due(now):
            _ = self.begin(member)
        return True

    async def ensure(self, member: Member) -> bool:
        """Tell whether the member has a token, after a refresh where the one it had has ended."""
        if self.ensure_at_once(member, self._clock()):
            return True
        if member.is_dead:
            return False
        await self.outcome(member)
        return member.has_token(self._clock())

    async def outcome(self, member: Member) -> Failure | None:
        """Wait for a refresh; who stops waiting does not stop it for the others."""
        return await asyncio.shield(self.begin(member))

    async def finish(self, grace: float) -> None:
        """Let refreshes end: one that is cut off may lose a token that was already rotated."""
        await self._errands.finish(grace)

    async def _renew(self, member: Member) -> Failure | None:
        try:
            await self._obtain(member)
        except NeedsLogin as error:
            member.is_dead = True
            reason = f"needs a new login: {error}"
            self._worsen(member, Standing("needs-login", reason, self._clock()))
            return error
        except RefreshFailed as error:
            self._postpone(member, error)
            return error
        return None

    async def _obtain(self, member: Member) -> None:
        """Get the member a token: the one that another program got meanwhile, else by a refresh.

        Where the newest is dead, the one before it gets one try, since the answer that replaced it
        may have been lost. Where another login has taken its place meanwhile, that one is tried.
        """
        ended = member.token
        dead: list[Secret] = []
        failure = NeedsLogin("the access token has ended and came without a refresh token")
        while not await self._adopted(member, ended):
            known = (member.wallet.refresh, member.wallet.previous)
            untried = [token for token in known if token and token not in dead]
            if not untried:
                raise failure
            try:
                await self._exchange(member, untried[0])
            except NeedsLogin as error:
                failure = error
                dead.append(untried[0])
            else:
                return

    async def _adopted(self, member: Member, ended: Secret | None) -> bool:
        """Take what another program has put into the place; tell whether it will do."""
        found = await self._look(member)
        if found is not None:
            self._keeper.replace_login(member, found, member.position)
        return member.has_token(self._clock()) and member.token != ended

    async def _exchange(self, member: Member, sent: Secret) -> None:
        login, wallet = member.credential, member.wallet
        try:
            tokens = await self._refresher.refresh(login, sent)
        except RefreshFailed as error:
            if error.rotated and error.rotated != sent:
                rotated = structs.replace(wallet, refresh=error.rotated, previous=sent)
                await self._keep_rotated(member, login, wallet, rotated)
            raise
        if member.wallet.refresh != wallet.refresh:
            await self._hand_on(member, login, renewed(wallet, sent, tokens))
            if not member.has_token(self._clock()):
                await self._obtain(member)
            return  # the answer was for a login that is not this member's any more
        await self._serve(member, renewed(member.wallet, sent, tokens))
        await self._write_back(login, sent, tokens)

    async def _hand_on(self, member: Member, login: Credential, wallet: Wallet) -> None:
        """Give tokens to the account that has their login now; else they wait for one."""
        if heir := self._holder(login.fingerprint):
            heir.revive(self._clock())
            await self._serve(heir, wallet)
        else:
            await self._keeper.keep_former(member, login, wallet)

    async def _serve(self, member: Member, wallet: Wallet) -> None:
        member.wallet = wallet
        await self._keeper.keep(member)
        member.serve(self._clock())

    async def _keep_rotated(
        self, member: Member, login: Credential, former: Wallet, rotated: Wallet
    ) -> None:
        """Keep the refresh token of an answer that brought no access token that can be used."""
        is_own = member.wallet.refresh == former.refresh
        owner = member if is_own else self._holder(login.fingerprint)
        if owner is None:
            await self._keeper.keep_former(member, login, rotated)
            return
        owner.wallet = rotated
        await self._keeper.keep(owner)

    def _postpone(self, member: Member, error: RefreshFailed) -> None:
        now = self._clock()
        pause = max(error.retry_after or 0.0, backoff(member.missed_refreshes, self._random))
        member.missed_refreshes += 1
        member.no_refresh_before = now + pause
        member.refresh_fault = f"its sign-in service {error}"
        if not member.has_token(now):
            self._worsen(member, Standing("cooling", member.refresh_fault, now, now + pause))


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


def as_account_error(failure: Failure) -> AccountError:
    """Say what a failed refresh means for the request whose token Kiro had refused."""
    if isinstance(failure, NeedsLogin):
        return AccountRefused(f"needs a new login: {failure}")
    if failure.told_to_wait:
        return RateLimited(f"its sign-in service {failure}", retry_after=failure.retry_after)
    return TokenExpired(f"Kiro refuses the token, and its sign-in service {failure}")
