"""The embedded simulator in place of Kiro, with accounts of its own."""

import socket
from collections.abc import AsyncIterator, Callable, Mapping
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
_NAMES = ("demo_1", "demo_2")


@asynccontextmanager
async def embedded(origins: Origins) -> AsyncIterator[Origins]:
    """Run a simulator beside the gateway; what is read and found then points to it."""
    async with Simulator(PACE) as simulator:
        accounts = [simulator.add_account(name) for name in _NAMES]
        found = _found({account.name: account.refresh_token for account in accounts})
        yield Origins(
            read=lambda: pointed(origins.read(), simulator.urls),
            find=lambda _: found,
            places=origins.places,
        )


def stand_ins() -> Found:
    """Return accounts such as a simulator makes when it runs, for a look that calls nobody."""
    return _found(dict.fromkeys(_NAMES, "made when it runs"))


def _found(tokens: Mapping[str, str]) -> Found:
    return Found(
        PLACE,
        tuple(
            Credential(name=name, kind="social", refresh_token=Secret(token), source=PLACE)
            for name, token in tokens.items()
        ),
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
