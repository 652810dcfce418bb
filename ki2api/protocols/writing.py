"""The hot path of every encoder: a delta is three pieces of bytes, only the text of them new."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
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
        for event in batch:
            if isinstance(event, PartDelta):
                if not self._hidden:
                    text = event.text
                    self._silent = False
                    self._length += len(text)
                    piece = b"%b%b%b" % (self._before, encode(text), self._after)
                    if len(batch) == 1:
                        return piece
                    pieces.append(piece)
            else:
                pieces.append(self._border(event))
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


class NumberedWriter(Writer):
    """The same for a dialect that counts its events and says each part whole once more at its end.

    A hollow delta ends in the number 0 and the brackets that close it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        """Of the next event."""
        self._said: list[str] = []
        """The texts of the part that is open."""
        self._translate: Callable[[str], str] | None = None
        """Says what the client is told of a delta, if that is not its text."""
        self._tail = b""

    def feed(self, batch: Sequence[ReplyEvent]) -> bytes:
        """Write a batch as one piece of bytes."""
        pieces: list[bytes] = []
        add = pieces.append
        for event in batch:
            if not isinstance(event, PartDelta):
                add(self._border(event))
                continue
            text = event.text if self._translate is None else self._translate(event.text)
            if not text:
                continue
            if self._silent:
                self._silent = False
                add(self._before_deltas())
            self._said.append(text)
            add(self._before)
            add(encode(text))
            add(self._tail % self._number)
            self._number += 1
        return b"".join(pieces)

    @abstractmethod
    def _before_deltas(self) -> bytes:
        """Write what stands before the first delta of a part, and only if one comes."""

    def _expect(self, hollow: bytes) -> None:
        super()._expect(hollow)
        after, _, brackets = self._after.rpartition(b"0}")
        self._tail = after.replace(b"%", b"%%") + b"%d}" + brackets
        self._said = []
