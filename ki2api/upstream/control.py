"""Asks Kiro about an account: its profiles, its models and its usage (docs/kiro.md §6)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from msgspec import structs

from ki2api.accounts.account import TOKEN_TYPES
from ki2api.accounts.clock import steady_time
from ki2api.accounts.companion import Access, NoProfiles, PlanUsage, Pot
from ki2api.accounts.profile import is_profile_arn
from ki2api.errors import (
    AccountRefused,
    InvalidRequest,
    ProfileRefused,
    UpstreamGarbled,
    UpstreamTimeout,
)
from ki2api.kiro.calls import Call
from ki2api.kiro.control.models import models_call, read_models
from ki2api.kiro.control.profiles import profiles_call, read_profiles
from ki2api.kiro.control.reading import Page
from ki2api.kiro.control.usage import Usage, read_usage, usage_call
from ki2api.models import Model
from ki2api.transport import Clients
from ki2api.upstream.caller import Caller, control_agent
from ki2api.upstream.client import UpstreamOptions
from ki2api.upstream.hosts import Hosts

T = TypeVar("T")

ANSWER_LIMIT = 4 * 1024 * 1024
"""Bytes; a list of fifty models with their schemas has some hundred thousand."""
MOST_PAGES = 20


class ControlPlane:
    """The companion of the accounts; each question has `control_seconds` in all."""

    def __init__(
        self,
        clients: Clients,
        hosts: Hosts,
        options: UpstreamOptions,
        clock: Callable[[], float] = steady_time,
    ) -> None:
        """`clock` gives Unix seconds."""
        self._caller = Caller(clients, control_agent(options.user_agent))
        self._hosts = hosts
        self._options = options
        self._clock = clock

    async def profiles(self, access: Access) -> tuple[str, ...]:
        """Return the profiles (ARNs) in the region of `access`; raises NoProfiles, GatewayError."""
        binding = self._options.binding
        try:
            async with self._budget():
                listed = await self._pages(
                    access, lambda following: profiles_call(binding, following), read_profiles
                )
                return tuple(filter(is_profile_arn, listed))
        except ProfileRefused:
            raise
        except AccountRefused as error:
            # 403 "AWS Builder ID is not supported for this operation."
            raise NoProfiles from error

    async def models(self, access: Access) -> tuple[Model, ...]:
        """Return the models that the plan offers, in Kiro's order; raises GatewayError."""
        async with self._budget():
            models = await _with_or_without_profile(access, self._models)
        if not models:
            raise UpstreamGarbled("Kiro lists no models for the account.")
        return models

    async def usage(self, access: Access, *, with_email: bool = False) -> PlanUsage:
        """Return what the account has used of its plan; raises GatewayError."""
        async with self._budget():
            told = await _with_or_without_profile(
                access, lambda access: self._usage(access, with_email=with_email)
            )
        return PlanUsage(
            plan=told.plan,
            pots=tuple(Pot(*structs.astuple(pot)) for pot in told.pots),
            resets=told.resets,
            overage=told.overage,
            overage_used=told.overage_used,
            asked_at=self._clock(),
            email=told.email if with_email else "",
        )

    async def _models(self, access: Access) -> tuple[Model, ...]:
        binding, arn = self._options.binding, access.profile_arn
        return await self._pages(
            access, lambda following: models_call(binding, arn, following), read_models
        )

    async def _usage(self, access: Access, *, with_email: bool) -> Usage:
        # For a key, this is the form of the question that is known to be answered (§1.5).
        with_email |= access.token_type == TOKEN_TYPES["api-key"]
        call = usage_call(self._options.binding, access.profile_arn, with_email=with_email)
        return read_usage(await self._answer(access, call), self._clock())

    async def _pages(
        self, access: Access, call: Callable[[str], Call], read: Callable[[bytes], Page[T]]
    ) -> tuple[T, ...]:
        """Ask page by page; a list that does not end is cut."""
        found: list[T] = []
        following = ""
        for _ in range(MOST_PAGES):
            page = read(await self._answer(access, call(following)))
            found += page.entries
            if page.following in {"", following}:
                break
            following = page.following
        return tuple(found)

    async def _answer(self, access: Access, call: Call) -> bytes:
        async def told(url: str) -> bytes:
            async with await self._caller.put(url, call, access) as exchange:
                return await exchange.read_upto(ANSWER_LIMIT)

        body = await self._hosts.reach("management", access, told)
        if len(body) >= ANSWER_LIMIT:
            raise UpstreamGarbled("Kiro's answer is too long to be one.")
        return body

    @asynccontextmanager
    async def _budget(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._options.control_seconds):
                yield
        except TimeoutError as error:
            raise UpstreamTimeout("Kiro did not tell of the account in time.") from error


async def _with_or_without_profile(access: Access, ask: Callable[[Access], Awaitable[T]]) -> T:
    """Ask with the profile and, if the form of the question is refused, once more without (U13).

    What is refused to the account with a profile (403) is not asked again without one.
    """
    try:
        return await ask(access)
    except InvalidRequest as error:
        if not access.profile_arn:
            raise
        first = error
    try:
        return await ask(structs.replace(access, profile_arn=""))
    except (InvalidRequest, ProfileRefused):
        raise first from None
