"""The connections that stand open: those at work, and those that wait to be used again."""

import asyncio
from collections import defaultdict

from ki2api.alarms import Alarms
from ki2api.transport.connection import Connection
from ki2api.transport.request import Origin

MARGIN = 4.0
"""Seconds before a server closes an idle connection at which we do, lest both use it at once."""


class Pool:
    """Hands out idle connections, the one that was used last first, and closes those that rest."""

    def __init__(self, idle_seconds: float, most_idle: int, alarms: Alarms) -> None:
        """`most_idle` is for each origin; how many are at work has no limit, so nobody waits."""
        self._idle_seconds = idle_seconds
        self._most_idle = most_idle
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._alarms = alarms
        self._open: dict[Connection, Origin] = {}

    def __len__(self) -> int:
        return len(self._open)

    @property
    def idle(self) -> int:
        """How many wait to be used."""
        return sum(map(len, self._idle.values()))

    def take(self, origin: Origin) -> Connection | None:
        """Return an idle connection that still stands, if there is one."""
        waiting = self._idle[origin]
        while waiting:
            connection = waiting.pop()
            self._alarms.drop(connection)
            if connection.usable:
                return connection
            connection.close()
        return None

    def opening(self, origin: Origin) -> Connection:
        """Make a connection, which the event loop is to open."""
        connection = Connection(self._freed, self._lost)
        self._open[connection] = origin
        return connection

    def forget(self, connection: Connection) -> None:
        """Drop one that did not come to stand."""
        self._open.pop(connection, None)

    def close(self) -> None:
        """Close all of them; what is under way breaks off."""
        for connection in tuple(self._open):
            connection.cut()

    def _freed(self, connection: Connection, kept: float) -> None:
        waiting = self._idle[self._open[connection]]
        seconds = min(self._idle_seconds, kept - MARGIN)
        if seconds <= 0 or len(waiting) >= self._most_idle:
            connection.close()
            return
        waiting.append(connection)
        connection.at = asyncio.get_running_loop().time() + seconds
        self._alarms.set(connection)

    def _lost(self, connection: Connection) -> None:
        self._alarms.drop(connection)
        origin = self._open.pop(connection, None)
        if origin and connection in self._idle[origin]:
            self._idle[origin].remove(connection)
