"""Opens connections: to the first of a host's addresses that answers, with TLS where it is meant.

A host may have addresses that nobody can reach from here, mostly those of IPv6. So where one has
not answered soon, the next one is tried beside it (RFC 8305), and the first to answer is taken.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, zip_longest
from ssl import SSLContext
from typing import Any, TypeAlias

Address: TypeAlias = tuple[Any, ...]
"""Family, type, protocol, name and address, as `getaddrinfo` gives them."""
HEAD_START = 0.25
"""Seconds before the next address is tried, as the RFC advises."""
FAREWELL = 1.0
"""Seconds that a server has to say farewell in TLS."""


async def dial(
    make: Callable[[], asyncio.Protocol], host: str, port: int, trusted: SSLContext | None
) -> None:
    """Connect a protocol; raises OSError, which errors of TLS are, too."""
    loop = asyncio.get_running_loop()
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    connected = await first_connected(in_turns(addresses))
    tls: dict[str, Any] = {}
    if trusted is not None:
        tls = {"ssl": trusted, "server_hostname": host, "ssl_shutdown_timeout": FAREWELL}
    # From here on the socket is the event loop's, which closes it whatever happens.
    await loop.create_connection(make, sock=connected, **tls)


def in_turns(addresses: Iterable[Address]) -> list[Address]:
    """Let families take turns, beginning with the first one's."""
    families: dict[int, list[Address]] = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    turns = chain.from_iterable(zip_longest(*families.values()))
    return [address for address in turns if address is not None]


async def first_connected(
    addresses: Sequence[Address], head_start: float = HEAD_START
) -> socket.socket:
    """Return a socket that is connected to one of them; raises OSError where none answers."""
    if len(addresses) == 1:
        return await _connected(addresses[0])
    untried, attempts = list(addresses), list[asyncio.Task[socket.socket]]()
    running, winner = set[asyncio.Task[socket.socket]](), None
    loop = asyncio.get_running_loop()
    try:
        while untried or running:
            if untried:
                attempts.append(loop.create_task(_connected(untried.pop(0))))
                running.add(attempts[-1])
            done, running = await asyncio.wait(
                running,
                timeout=head_start if untried else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            winner = next((attempt for attempt in done if not attempt.exception()), None)
            if winner:
                return winner.result()
        return attempts[-1].result()
    finally:
        for attempt in attempts:
            if attempt is not winner:
                attempt.cancel()
                attempt.add_done_callback(_let_go)


def _let_go(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and not attempt.exception():
        attempt.result().close()


async def _connected(address: Address) -> socket.socket:
    family, kind, protocol, _, where = address
    connecting = socket.socket(family, kind, protocol)
    try:
        connecting.settimeout(0.0)
        await asyncio.get_running_loop().sock_connect(connecting, where)
    except BaseException:
        connecting.close()
        raise
    return connecting
