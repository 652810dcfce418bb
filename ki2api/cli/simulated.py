"""The embedded simulator in place of Kiro, with accounts of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from ki2api.accounts.account import Credential
from ki2api.accounts.sources import Found
from ki2api.settings import Loaded, Settings
from ki2api.simulator import Simulator, SimulatorOptions, Urls
from pipeline import Secret

PACE = SimulatorOptions(frame_seconds=0.03)
"""Fast enough not to bore, slow enough to see that replies stream."""


@asynccontextmanager
async def embedded(loaded: Loaded) -> AsyncIterator[tuple[Loaded, Found]]:
    """Run a simulator beside the gateway, and give the settings and accounts that point to it."""
    async with Simulator(PACE) as simulator:
        accounts = [simulator.add_account(name) for name in ("demo_1", "demo_2")]
        credentials = tuple(
            Credential(
                name=account.name,
                kind="social",
                refresh_token=Secret(account.refresh_token),
                source="the embedded simulator",
            )
            for account in accounts
        )
        settings = pointed(loaded.settings, simulator.urls)
        yield replace(loaded, settings=settings), Found("the embedded simulator", credentials, ())


def pointed(settings: Settings, urls: Urls) -> Settings:
    """Return the settings with the simulator's addresses, and with nothing kept on disk."""
    upstream = replace(
        settings.upstream, api_url=urls.runtime, auth_url=urls.auth, oidc_url=urls.oidc, proxy=None
    )
    return replace(settings, upstream=upstream, state=replace(settings.state, path=""))
