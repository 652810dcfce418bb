"""Runs a login from its start to its tokens; what a person must see goes to a screen."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
from msgspec import Struct

from ki2api.accounts.account import BUILDER_ID_URL
from ki2api.accounts.clock import steady_time
from ki2api.accounts.logins import Login
from ki2api.accounts.signin import browser, device
from ki2api.accounts.signin.asking import BUDGET, Unreachable, ask
from ki2api.accounts.signin.exchange import Answer, Granted, LoginFailed, Question
from ki2api.accounts.signin.loopback import Loopback
from ki2api.accounts.signin.refresher import in_region

HOME_REGION = "us-east-1"
"""Of Builder ID, and of the service of social logins (docs/kiro.md §1.1, §1.2)."""


class Services(Struct, frozen=True):
    """Where the sign-in services are; the first two are templates with {region}."""

    auth_url: str
    oidc_url: str
    login_url: str


class Screen(Protocol):
    """Shows a person what to do."""

    def looking(self, start_url: str) -> None:
        """Say that the region of an Identity Center is being looked for."""

    def code(self, authorization: device.Authorization) -> None:
        """Show the code to confirm, and where."""

    def page(self, url: str, deliver: Callable[[str], None]) -> None:
        """Show the page to log in on; an address that the person pastes goes to `deliver`."""


class LogIn:
    """The ways to log in; each returns the login, or raises LoginFailed."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        services: Services,
        screen: Screen,
        *,
        clock: Callable[[], float] = steady_time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        loopback: Callable[[], Loopback] = Loopback,
    ) -> None:
        self._client = client
        self._services = services
        self._screen = screen
        self._clock = clock
        self._sleep = sleep
        self._loopback = loopback

    async def by_code(self, start_url: str, region: str = "") -> Login:
        """Log in at Builder ID or an Identity Center; without a region, it is looked for."""
        found, client, waiting = await self._started(start_url, region)
        self._screen.code(waiting)
        tokens = await self._confirmed(in_region(self._services.oidc_url, found), client, waiting)
        return _login(
            tokens,
            client_id=client.client_id,
            client_secret=client.client_secret,
            start_url=start_url,
            provider="BuilderId" if start_url == BUILDER_ID_URL else "Enterprise",
            region=found,
        )

    async def by_page(self, provider: str = "") -> Login:
        """Log in on Kiro's page, or on that of one provider, a value of `browser.PROVIDERS`."""
        challenge = browser.new_challenge()
        auth_url = in_region(self._services.auth_url, HOME_REGION)
        async with self._loopback() as loopback:
            base = loopback.base
            url = (
                browser.provider_url(auth_url, provider, challenge, base)
                if provider
                else browser.page_url(self._services.login_url, challenge, base)
            )
            self._screen.page(url, loopback.deliver)
            redirect = browser.read_redirect(await loopback.arrival(), challenge.state)
        if redirect.start_url:
            return await self.by_code(redirect.start_url, redirect.region)
        question = browser.exchange_question(auth_url, redirect, challenge, base)
        answer = await self._asked(question)
        if answer.status != httpx.codes.OK:
            raise device.refused(answer)
        chosen = provider or browser.PROVIDERS.get(redirect.option, "")
        return _login(device.granted(answer), provider=chosen)

    async def _started(
        self, start_url: str, region: str
    ) -> tuple[str, device.Registration, device.Authorization]:
        if start_url == BUILDER_ID_URL:
            return HOME_REGION, *await self._start(start_url, HOME_REGION)
        if region:
            try:
                return region, *await self._start(start_url, region)
            except LoginFailed as error:
                raise LoginFailed(f"{error}; also check the start URL and its region") from None
        self._screen.looking(start_url)
        for each in device.REGIONS:
            try:
                return each, *await self._start(start_url, each)
            except LoginFailed:
                continue  # not here; that nobody knows it is said at the end
        raise LoginFailed(
            f"no region that was asked knows {start_url}: check it, and give its --region"
        )

    async def _start(
        self, start_url: str, region: str
    ) -> tuple[device.Registration, device.Authorization]:
        base_url = in_region(self._services.oidc_url, region)
        answer = await self._asked(device.registration_question(base_url))
        client = device.read_registration(answer)
        answer = await self._asked(device.authorization_question(base_url, client, start_url))
        return client, device.read_authorization(answer)

    async def _confirmed(
        self, base_url: str, client: device.Registration, waiting: device.Authorization
    ) -> Granted:
        """Ask until the person has confirmed, not faster than the service wants to be asked."""
        interval = max(waiting.interval, 1.0)
        last = self._clock() + waiting.expires_in
        while self._clock() < last:
            await self._sleep(interval)
            told = await self._poll(base_url, client, waiting)
            if isinstance(told, Granted):
                return told
            interval += told
        raise LoginFailed("the code has expired: start again, and confirm it sooner")

    async def _poll(
        self, base_url: str, client: device.Registration, waiting: device.Authorization
    ) -> Granted | float:
        question = device.poll_question(base_url, client, waiting.device_code)
        try:
            return device.read_poll(await self._ask(question))
        except Unreachable:
            return device.SLOWER

    async def _asked(self, question: Question) -> Answer:
        try:
            return await self._ask(question)
        except Unreachable as error:
            raise LoginFailed(f"{error}: check the network, or [upstream] proxy") from None

    async def _ask(self, question: Question) -> Answer:
        return await ask(self._client, question, clock=self._clock, budget=BUDGET)


def _login(tokens: Granted, **facts: Any) -> Login:
    return Login(
        refresh_token=tokens.refresh,
        access_token=tokens.access,
        expires_at=datetime.fromtimestamp(tokens.expires_at, UTC).isoformat(),
        profile_arn=tokens.profile_arn,
        **facts,
    )
