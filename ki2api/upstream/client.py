"""Puts composed conversations to Kiro, and hands out the answers as byte streams."""

from collections.abc import Awaitable

from msgspec import Struct

from ki2api.accounts.companion import Access
from ki2api.kiro.calls import Binding, generate_call
from ki2api.transport import Clients
from ki2api.upstream.caller import IDE_AGENT, Caller
from ki2api.upstream.exchange import Exchange
from ki2api.upstream.hosts import Hosts

__all__ = ["IDE_AGENT", "KiroClient", "UpstreamOptions"]


class UpstreamOptions(Struct, frozen=True, kw_only=True):
    """How Kiro is called, who we say we are, and how long it may take in seconds."""

    user_agent: str = IDE_AGENT
    """Template with {os}, {machine} and {version}."""
    binding: Binding = "rest"
    first_event_seconds: float = 300.0
    idle_seconds: float = 120.0
    control_seconds: float = 10.0
    """For one question of the control plane, with all its pages and hosts."""
    search_seconds: float = 30.0
    """For one search of the web, with both hosts."""


class KiroClient:
    """Sends composed requests to the host that serves the account."""

    def __init__(self, clients: Clients, hosts: Hosts, options: UpstreamOptions) -> None:
        self._caller = Caller(clients, options.user_agent)
        self._hosts = hosts
        self.options = options

    def stream(self, content: bytes, access: Access) -> Awaitable[Exchange]:
        """Send a request; raises the meaning of any answer that is not a stream of events.

        What is returned has begun, and is to be stopped.
        """
        call = generate_call(content, self.options.binding)
        return self._hosts.reach("runtime", access, lambda url: self._caller.put(url, call, access))
