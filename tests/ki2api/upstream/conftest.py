"""A simulated Kiro, and the wire to it as one account has it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ki2api.accounts.companion import Access
from ki2api.simulator import SimAccount, Simulator, SimulatorOptions
from ki2api.transport import Clients, Direct
from ki2api.upstream.client import KiroClient, UpstreamOptions
from ki2api.upstream.control import ControlPlane
from ki2api.upstream.hosts import Hosts, HostUrls
from ki2api.upstream.search import WebSearcher
from pipeline.secret import Secret


class Wire:
    """Everything that the upstream does for an account of a simulator."""

    def __init__(
        self,
        simulator: Simulator,
        account: SimAccount,
        clients: Clients,
        *,
        fallback: bool,
        **options: Any,
    ) -> None:
        urls = simulator.urls
        templates = HostUrls(
            runtime=f"{urls.runtime}/{{region}}",
            management=f"{urls.management}/{{region}}",
            fallback=f"{urls.q}/{{region}}" if fallback else "",
        )
        self.simulator = simulator
        self.account = account
        hosts = Hosts(templates, lambda: 0.0)
        told = UpstreamOptions(**options)
        self.kiro = KiroClient(clients, hosts, told)
        self.searcher = WebSearcher(clients, hosts, told)
        self.control = ControlPlane(clients, hosts, told, clock=lambda: 1_764_000_000.0)

    def access(self, **changed: Any) -> Access:
        account = self.account
        types = {"api-key": "API_KEY", "external-idp": "EXTERNAL_IDP"}
        facts: dict[str, Any] = {
            "token": Secret(account.api_key or account.access_token),
            "token_type": types.get(account.kind, ""),
            "profile_arn": account.profile_arn,
            "region": account.api_region,
        }
        return Access(account.name, **(facts | changed))

    @property
    def refused(self) -> list[tuple[str, int]]:
        """Return the host and status of every call that was refused."""
        return [(refused.host, refused.status) for refused in self.simulator.refused]


@pytest.fixture
async def wired() -> AsyncIterator[Callable[..., Awaitable[Wire]]]:
    """Connects to a simulator with an account `work`; switches and state are the test's choice."""
    async with AsyncExitStack() as held:

        async def wire(
            simulated: SimulatorOptions | None = None,
            *,
            fallback: bool = True,
            upstream: dict[str, Any] | None = None,
            **account: Any,
        ) -> Wire:
            simulator = Simulator(simulated or SimulatorOptions())
            await held.enter_async_context(simulator)
            clients = Clients(lambda _: Direct(), None)
            held.push_async_callback(clients.aclose)
            opened = simulator.add_account("work", **account)
            return Wire(simulator, opened, clients, fallback=fallback, **upstream or {})

        yield wire
