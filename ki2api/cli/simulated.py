"""The embedded simulator in place of Kiro, with accounts of its own."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec.structs import replace

from ki2api.accounts.account import Credential
from ki2api.accounts.sources import Found
from ki2api.cli.running import serve_until_stopped
from ki2api.reload.reloader import Force, Origins
from ki2api.settings import Loaded
from ki2api.simulator import Simulator, SimulatorOptions, Urls
from pipeline import Secret

PACE = SimulatorOptions(frame_seconds=0.03)
"""Fast enough not to bore, slow enough to see that replies stream."""
PLACE = "the embedded simulator"


@asynccontextmanager
async def embedded(origins: Origins) -> AsyncIterator[Origins]:
    """Run a simulator beside the gateway; what is read and found then points to it."""
    async with Simulator(PACE) as simulator:
        credentials = tuple(
            Credential(
                name=account.name,
                kind="social",
                refresh_token=Secret(account.refresh_token),
                source=PLACE,
            )
            for account in map(simulator.add_account, ("demo_1", "demo_2"))
        )
        yield Origins(
            read=lambda: pointed(origins.read(), simulator.urls),
            find=lambda _: Found(PLACE, credentials),
            places=origins.places,
        )


async def serve_simulated(
    origins: Origins, listening: socket.socket, ready: Callable[[str], None]
) -> None:
    """Serve until a signal comes, with the simulator in place of Kiro."""
    async with embedded(origins) as simulated:
        loaded = simulated.read()
        force = Force(loaded, simulated.find(loaded))
        await serve_until_stopped(force, simulated, listening, ready)


def pointed(loaded: Loaded, urls: Urls) -> Loaded:
    """Return the settings with the simulator's addresses, and with nothing kept on disk."""
    settings = loaded.settings
    upstream = replace(
        settings.upstream,
        api_url=urls.runtime,
        management_url=urls.management,
        fallback_url=urls.q,
        auth_url=urls.auth,
        oidc_url=urls.oidc,
        proxy=None,
    )
    kept = replace(settings.state, path="")
    return replace(loaded, settings=replace(settings, upstream=upstream, state=kept))
