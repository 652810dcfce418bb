"""Replies that their callers may ask for again: in memory, bounded, and apart for each key."""

from collections import OrderedDict
from collections.abc import Mapping

import msgspec

MIB = 1024 * 1024


class Kept(msgspec.Struct, frozen=True):
    """One reply as it was told, what was asked for it, and the reply that it goes on from.

    Items are JSON by their ids, in order: they are read again when a request goes on from here.
    """

    id: str
    body: bytes
    asked: Mapping[str, bytes] = {}
    answered: Mapping[str, bytes] = {}
    previous: str | None = None

    @property
    def size(self) -> int:
        """Bytes of all its JSON."""
        items = (*self.asked.values(), *self.answered.values())
        return len(self.body) + sum(map(len, items))


class Gone(LookupError):
    """No reply is kept by this id."""

    def __init__(self, reply_id: str) -> None:
        super().__init__(reply_id)
        self.id = reply_id


class Shelf:
    """All that is kept; what was not used for the longest makes room first."""

    def __init__(self, *, most: int = 2_000, most_bytes: int = 64 * MIB) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._holders: dict[tuple[str, str], str] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, owner: str) -> "Drawer":
        """Return what one caller may see of it."""
        return Drawer(self, owner)

    def keep(self, owner: str, kept: Kept) -> None:
        """Take a reply; one that is larger than all the room there is, is not kept."""
        self.drop(owner, kept.id)
        if kept.size > self._most_bytes:
            return
        self._kept[owner, kept.id] = kept
        self._holders |= {(owner, item): kept.id for item in (*kept.asked, *kept.answered)}
        self._bytes += kept.size
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self.drop(*next(iter(self._kept)))

    def find(self, owner: str, reply_id: str) -> Kept:
        """Return a reply, and keep it for longer; raises Gone."""
        kept = self._kept.get((owner, reply_id))
        if kept is None:
            raise Gone(reply_id)
        self._kept.move_to_end((owner, reply_id))
        return kept

    def item(self, owner: str, item_id: str) -> bytes | None:
        """Return an item of any reply that is kept."""
        holder = self._holders.get((owner, item_id))
        if holder is None:
            return None
        kept = self._kept[owner, holder]
        return kept.answered.get(item_id) or kept.asked[item_id]

    def drop(self, owner: str, reply_id: str) -> None:
        """Forget a reply, if it is kept."""
        kept = self._kept.pop((owner, reply_id), None)
        if kept is None:
            return
        self._bytes -= kept.size
        for item in (*kept.asked, *kept.answered):
            if self._holders.get((owner, item)) == reply_id:
                del self._holders[owner, item]


class Drawer:
    """What one caller may see of a shelf."""

    def __init__(self, shelf: Shelf, owner: str) -> None:
        self._shelf = shelf
        self._owner = owner

    def keep(self, kept: Kept) -> None:
        """Take a reply."""
        self._shelf.keep(self._owner, kept)

    def find(self, reply_id: str) -> Kept:
        """Return a reply; raises Gone."""
        return self._shelf.find(self._owner, reply_id)

    def item(self, item_id: str) -> bytes | None:
        """Return an item of any reply, or None."""
        return self._shelf.item(self._owner, item_id)

    def drop(self, reply_id: str) -> None:
        """Forget a reply; raises Gone."""
        self._shelf.find(self._owner, reply_id)
        self._shelf.drop(self._owner, reply_id)

    def before(self, reply_id: str) -> list[Kept]:
        """Return the replies that led up to this one and itself, the oldest first; raises Gone."""
        line: list[Kept] = []
        wanted: str | None = reply_id
        while wanted is not None:
            line.insert(0, self.find(wanted))
            wanted = line[0].previous
        for kept in line:
            self.find(kept.id)  # so that none of them makes room before what goes on from it
        return line
