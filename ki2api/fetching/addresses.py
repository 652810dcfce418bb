"""Which addresses are of the public internet: any other one may be a trap."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a host name; raises OSError where it has none."""

_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
# Beside what `is_global` knows in every Python served: tunnels to IPv4, relays, documentation.
_NEVER = tuple(
    map(ip_network, ("192.88.99.0/24", "2001::/32", "2001:20::/28", "2002::/16", "3fff::/20"))
)
_LOW_BITS = 0xFFFF_FFFF
# A name may take long to resolve, which cannot be cut off: not in the threads that others wait for.
_RESOLVERS = ThreadPoolExecutor(8, thread_name_prefix="resolve")


def is_public(text: str) -> bool:
    """Tell whether an address is one of the public internet, whatever form it hides in."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_v4(address)
    if address.scope_id:
        return False
    if address in _NAT64:  # what a resolver answers for an IPv4 host where only IPv6 is spoken
        return _is_public_v4(IPv4Address(int(address) & _LOW_BITS))
    return address in _UNICAST and _is_open(address)


def _is_public_v4(address: IPv4Address) -> bool:
    return _is_open(address) and not address.is_multicast and not address.is_reserved


def _is_open(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not any(address in network for network in _NEVER)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the resolver of this machine."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, ask)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
