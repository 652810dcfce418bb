"""How calls leave this machine: HTTP/1.1 of our own, httpx's where a proxy is to be passed."""

from ki2api.transport.clients import Clients, no_cookies
from ki2api.transport.direct import IDLE_SECONDS, MOST_IDLE, Direct
from ki2api.transport.faults import causes, proxy_fault
from ki2api.transport.incoming import Incoming
from ki2api.transport.request import Common, Outgoing
from ki2api.transport.shielded import Shielded

__all__ = [
    "IDLE_SECONDS",
    "MOST_IDLE",
    "Clients",
    "Common",
    "Direct",
    "Incoming",
    "Outgoing",
    "Shielded",
    "causes",
    "no_cookies",
    "proxy_fault",
]
