"""The hot path of every encoder: a delta is three pieces of bytes, only the text of them new."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    UsageReported,
)

Border: TypeAlias = ReplyStarted | PartStarted | PartEnded | UsageReported | ReplyEnded
"""Every event but a delta."""

encode = msgspec.json.Encoder().encode


class Writer(ABC):
    """Writes the events of one reply batch by batch."""

    def __init__(self) -> None:
        self._before = self._after = b""
        self._silent = False
        self._hidden = False
        self._length = 0

    def feed(self, batch: Sequence[ReplyEvent]) -> bytes:
        """Write a batch as one piece of bytes."""
        pieces: list[bytes] = []
        add = pieces.append
        for event in batch:
            if isinstance(event, PartDelta):
                if self._hidden:
                    continue
                self._silent = False
                self._length += len(event.text)
                add(self._before)
                add(encode(event.text))
                add(self._after)
            else:
                add(self._border(event))
        return b"".join(pieces)

    @abstractmethod
    def _border(self, event: Border) -> bytes:
        """Write what is not a delta."""

    def _expect(self, hollow: bytes) -> None:
        """Cut a delta without text in two, at its last empty string; such deltas come next.

        `_length` counts their characters from here on.
        """
        self._before, _, self._after = hollow.rpartition(b'""')
        self._silent, self._hidden = True, False
        self._length = 0

    def _hide(self) -> None:
        """Leave out the deltas that come next."""
        self._hidden = True
