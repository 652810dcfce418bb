"""How the world outside is reached, by one version of the settings."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import httpx
from msgspec import Struct

from ki2api.accounts.companion import Companion
from ki2api.accounts.signin import Refresher
from ki2api.accounts.sources import Found
from ki2api.settings import UpstreamSettings
from ki2api.transport import Clients, no_cookies
from ki2api.upstream.client import IDE_AGENT, KiroClient, UpstreamOptions
from ki2api.upstream.control import ControlPlane
from ki2api.upstream.hosts import Hosts, HostUrls
from ki2api.upstream.search import WebSearcher

Find: TypeAlias = Callable[[], Found]
"""Looks for the accounts in every place again; raises AccountsUnreadable."""
KEEP_ALIVE_SECONDS = 20.0
"""How long an idle connection to Kiro is kept; shorter than common servers do, so that they are not
the ones to close it just when it is used again."""


class Ways(Struct, frozen=True):
    """The ways to Kiro, to the sign-in services, and to where the accounts lie."""

    clients: Clients
    kiro: KiroClient
    companion: Companion
    searcher: WebSearcher
    refresher: Refresher
    find: Find


def ways_of(upstream: UpstreamSettings, find: Find) -> Ways:
    """Make the ways that these settings describe; a connection is made when it is needed."""
    clients = Clients(
        partial(_client, upstream), upstream.proxy.reveal() if upstream.proxy else None
    )
    hosts = Hosts(HostUrls(upstream.api_url, upstream.management_url, upstream.fallback_url))
    options = UpstreamOptions(
        user_agent=upstream.user_agent or IDE_AGENT,
        binding=upstream.binding,
        first_event_seconds=upstream.first_event_seconds,
        idle_seconds=upstream.idle_seconds,
    )
    return Ways(
        clients,
        KiroClient(clients, hosts, options),
        ControlPlane(clients, hosts, options),
        WebSearcher(clients, hosts, options),
        Refresher(clients, auth_url=upstream.auth_url, oidc_url=upstream.oidc_url),
        find,
    )


def _client(upstream: UpstreamSettings, proxy: str | None) -> httpx.AsyncClient:
    # Waiting for a first event or between two is timed where it is understood, in the endpoint.
    return httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=upstream.connect_seconds, pool=1.0, write=60.0),
        limits=httpx.Limits(
            max_connections=None,
            max_keepalive_connections=100,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        ),
        cookies=no_cookies(),
        trust_env=False,
        proxy=proxy,
    )
