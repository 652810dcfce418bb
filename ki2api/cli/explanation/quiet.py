"""Sees to it that nothing goes out and nothing is kept, whatever a stage may try."""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ki2api.accounts.ledger import Record, records_of
from pipeline.files import MIB, read_bytes

_OUTGOING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"})
_watched: list[list[str]] = []


class HeldBack(OSError):
    """Code wanted to reach the network, where nothing may be sent."""


@contextmanager
def nothing_sent() -> Iterator[list[str]]:
    """Refuse every connection of this process; give what was refused, as `host:port`.

    It holds for all code in Python, also in threads; other programs are not held back.
    """
    _hook()
    held: list[str] = []
    _watched.append(held)
    try:
        yield held
    finally:
        _watched.remove(held)


@cache
def _hook() -> None:
    sys.addaudithook(_refuse)  # for good: Python cannot take one away


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched or event not in _OUTGOING:
        return
    # A name is looked up with host and port; all others get a socket and an address.
    address = arguments if event == "socket.getaddrinfo" else arguments[1]
    if not isinstance(address, tuple):
        return  # a socket of this machine's own: its address is a path
    where = f"{_text(address[0])}:{_text(address[1])}"
    for held in _watched:
        held.append(where)
    raise HeldBack(f"ki2api explain sends nothing: {where} was not reached")


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


class KeptState:
    """The state as a gateway has kept it, read and never written."""

    degraded = ""
    warnings: tuple[str, ...] = ()

    def __init__(self, path: str) -> None:
        self._path = path

    async def load(self) -> Mapping[str, Record]:
        """Read the file; one that cannot be read or understood is as good as none."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Mapping[str, Record]:
        try:
            content = read_bytes(Path(self._path).expanduser(), limit=4 * MIB)
        except OSError:
            return {}
        return records_of(content) or {}

    async def save(self, key: str, record: Record) -> None:
        """Keep nothing."""

    async def close(self) -> None:
        """Nothing is open."""
