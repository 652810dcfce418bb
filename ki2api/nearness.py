"""Whether a call comes from this machine or a private network, as far as anybody says.

What a proxy says can only make the answer a stricter one: every address that is named must be near,
and a proxy that does not say for whom it asks may ask for anybody.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from re import compile as pattern
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
_CLIENTS = (
    "x-forwarded-for",
    "x-original-forwarded-for",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fastly-client-ip",
    "fly-client-ip",
)
"""Headers in which proxies say for whom they ask, as a list of addresses."""
_PROXIES = (
    "via",
    "forwarded",
    "cdn-loop",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
)
"""Headers that tell of a proxy, but not always for whom it asks."""
_TOLD = frozenset({*_CLIENTS, *_PROXIES})
_NEAR = tuple(
    map(
        ip_network,
        (
            "127.0.0.0/8",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)
"""Loopback, private and link-local networks; `is_private` has more, others in each Python."""
_WITH_PORT = pattern(r"\[([^\]]*)\](?::\d+)?|([\d.]+):\d+")


def near(headers: Mapping[str, str], peer: str) -> bool:
    """Tell whether the peer and everybody whom it says to ask for is near.

    No address at all (a unix socket, a test client) is near.
    """
    if _TOLD.isdisjoint(headers):
        return not peer or _private(_address(peer))
    clients = list(_clients(headers))
    peers = [_address(peer)] if peer else []
    everybody = [*peers, *clients, *_relays(headers.get("via", ""))]
    # A proxy that names nobody hides whom it asks for.
    return bool(clients) and all(map(_private, everybody))


def _clients(headers: Mapping[str, str]) -> Iterator[Address | None]:
    """Yield each client that a proxy names; None for one that it hides or that is no address."""
    for name in _CLIENTS:
        if name in headers:
            yield from map(_address, headers[name].split(","))
    if "forwarded" in headers:
        for element in headers["forwarded"].split(","):
            pairs = [pair.partition("=") for pair in element.split(";")]
            clients = [text for name, _, text in pairs if name.strip().lower() == "for"]
            yield _address(clients[0]) if len(clients) == 1 else None


def _relays(via: str) -> Iterator[Address]:
    """Yield the proxies that name themselves by an address; most have a name that says nothing."""
    for relay in via.split(","):
        if found := _address(next(iter(relay.split()[1:]), "")):
            yield found


@lru_cache(maxsize=256)
def _address(text: str) -> Address | None:
    bare = text.strip().strip('"').strip()
    if with_port := _WITH_PORT.fullmatch(bare):
        bare = with_port[1] or with_port[2]
    with suppress(ValueError):
        address = ip_address(bare.partition("%")[0])
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return mapped or address
    return None


@lru_cache(maxsize=256)
def _private(address: Address | None) -> bool:
    return address is not None and any(address in network for network in _NEAR)
