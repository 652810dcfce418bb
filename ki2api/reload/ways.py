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
from ki2api.transport import IDLE_SECONDS, MOST_IDLE, Clients, Direct, Shielded
from ki2api.upstream.client import IDE_AGENT, KiroClient, UpstreamOptions
from ki2api.upstream.control import ControlPlane
from ki2api.upstream.hosts import Hosts, HostUrls
from ki2api.upstream.search import WebSearcher

Find: TypeAlias = Callable[[], Found]
"""Looks for the accounts in every place again; raises AccountsUnreadable."""


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
    # Waiting for a first event or between two is timed where it is understood, in the endpoint.
    timeout = httpx.Timeout(None, connect=upstream.connect_seconds, pool=1.0, write=60.0)
    proxy = upstream.proxy.reveal() if upstream.proxy else None
    clients = Clients(partial(_transport, upstream), proxy, timeout)
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


def _transport(upstream: UpstreamSettings, proxy: str | None) -> httpx.AsyncBaseTransport:
    if proxy is None and upstream.transport == "direct":
        return Direct()
    limits = httpx.Limits(
        max_connections=None, max_keepalive_connections=MOST_IDLE, keepalive_expiry=IDLE_SECONDS
    )
    return Shielded(httpx.AsyncHTTPTransport(proxy=proxy, limits=limits, trust_env=False))
