"""How many requests are served at once, who waits for a place, and whose turn is next.

A client is a key at an address. The last eighth of the places, and of the bytes, is for clients
that hold little; a place that becomes free goes to the waiting client that holds fewest.
"""

import asyncio
from collections import deque
from typing import TypeAlias

import msgspec

from ki2api.errors import Overloaded

PLACE = "ki2api_place"
"""Where in the ASGI state of a request its place stands, to be left when all of it has ended."""
Client: TypeAlias = tuple[str, str]
MIB = 1024 * 1024
_SHUTTING = "Ki2API is shutting down."


class Room(msgspec.Struct, frozen=True):
    """How much there is."""

    places: int = 2000
    queue: int = 64
    """How many may wait for a place."""
    patience: float = 5.0
    """Seconds that they wait."""
    bytes: int = 256 * MIB
    """Of all bodies together, as they came in."""


class Held(msgspec.Struct):
    """What a client holds."""

    places: int = 0
    bytes: int = 0


class Places:
    """The places in a house; `short` says why nobody is let in just now, or nothing."""

    def __init__(self) -> None:
        self.room = Room()
        self.short = ""
        self.taken = self.bytes = 0
        self._held: dict[Client, Held] = {}
        self._waiting: dict[Client, deque[asyncio.Future[None]]] = {}
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return sum(map(len, self._waiting.values()))

    @property
    def full(self) -> bool:
        """Whether the next one would be refused at once."""
        return self.taken >= self.room.places and self.waiting >= self.room.queue

    async def take(self, client: Client) -> "Place":
        """Take a place, or wait for one; raises Overloaded."""
        if self._closed or self.short:
            raise self._refusal(_SHUTTING if self._closed else self.short)
        if self._waiting or not self._may(client):
            await self._turn(client)
        else:
            self._give(client)
        return Place(self, client, self._held[client])

    def close(self) -> None:
        """Send away who waits: the server ends."""
        self._closed = True
        for queue in self._waiting.values():
            for turn in queue:
                if not turn.done():
                    turn.set_exception(self._refusal(_SHUTTING))

    def grow(self, held: Held, size: int) -> None:
        """Count bytes of a body that has come; raises Overloaded."""
        most = self.room.bytes
        if self.bytes + size > most or held.bytes + size > _share(most):
            raise self._refusal("The bodies of all requests are too large together.")
        self.bytes += size
        held.bytes += size

    def leave(self, client: Client, held: Held, size: int) -> None:
        """Give a place back, with the bytes of its body."""
        self.bytes -= size
        held.bytes -= size
        self._give_back(client)

    def _may(self, client: Client) -> bool:
        most = self.room.places
        return self.taken < most and self._of(client) < _share(most)

    def _of(self, client: Client) -> int:
        """Return how many places a client holds."""
        return self._held[client].places if client in self._held else 0

    def _give(self, client: Client) -> None:
        self.taken += 1
        held = self._held.get(client) or self._held.setdefault(client, Held())
        held.places += 1

    def _give_back(self, client: Client) -> None:
        self.taken -= 1
        held = self._held[client]
        held.places -= 1
        if not held.places:
            del self._held[client]
        if self._waiting:
            self._call_next()

    async def _turn(self, client: Client) -> None:
        """Wait for a place that is given to this client."""
        self._make_way(client)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        self._call_next()
        try:
            async with asyncio.timeout(self.room.patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._give_back(client)  # it came too late for who did not wait any longer
            if isinstance(error, TimeoutError):
                said = f"{self.taken} requests are being served, and none has ended in time."
                raise self._refusal(said) from None
            raise
        finally:
            self._forget(client, turn)

    def _make_way(self, client: Client) -> None:
        """Let one more wait, be it that the newest of who has most waiting is sent away."""
        if self.waiting < self.room.queue:
            return
        said = f"{self.taken} requests are being served, and {self.waiting} wait."
        most = max(self._waiting, key=lambda each: len(self._waiting[each]), default=client)
        if len(self._waiting.get(most, ())) <= len(self._waiting.get(client, ())) + 1:
            raise self._refusal(said)
        turn = self._waiting[most][-1]
        self._forget(most, turn)
        turn.set_exception(self._refusal(said))

    def _call_next(self) -> None:
        """Give what is free to who waits: first to clients that hold fewest, then in turn."""
        while able := [client for client in self._waiting if self._may(client)]:
            client = min(able, key=self._of)
            turn = self._waiting[client][0]
            self._forget(client, turn)
            if client in self._waiting:
                self._waiting[client] = self._waiting.pop(client)  # behind the others
            if not turn.done():
                self._give(client)
                turn.set_result(None)

    def _forget(self, client: Client, turn: "asyncio.Future[None]") -> None:
        queue = self._waiting.get(client)
        if queue is not None and turn in queue:
            queue.remove(turn)
        if not queue:
            self._waiting.pop(client, None)

    def _refusal(self, said: str) -> Overloaded:
        """Refuse, for longer the more wait already."""
        crowd = min(1.0, self.waiting / max(1, self.room.queue))
        return Overloaded(said, retry_after=1 + round(4 * crowd))


class Place:
    """A place that is held, and the bytes of the body that came to it."""

    __slots__ = ("_client", "_held", "_places", "_size")

    def __init__(self, places: Places, client: Client, held: Held) -> None:
        self._places = places
        self._client = client
        self._held = held
        self._size = 0

    def grow(self, size: int) -> None:
        """Count bytes that have come; raises Overloaded."""
        self._places.grow(self._held, size)
        self._size += size

    def leave(self) -> None:
        """Give it back, once."""
        self._places.leave(self._client, self._held, self._size)


def _share(most: int) -> int:
    """Return how much of it one client may hold."""
    return most - most // 8
