"""How an answer leaves: its head in one write with its first words."""

import asyncio
from collections.abc import Callable


class Outlet:
    """A transport as an answer sees it: its head goes out with what follows at once.

    So most short answers take one write, which is one of the dearest things that they do. Closing
    it leaves the client time to read.
    """

    __slots__ = ("_close", "_head", "_transport", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._transport = transport
        self._close = close
        self._head = b""
        self.is_closing = transport.is_closing
        self.begin()

    def begin(self) -> None:
        """Make ready for an answer, whose head is the first that is written."""
        self.flush()
        self.write: Callable[[bytes], None] = self._hold

    def flush(self) -> None:
        """Send the head, if it waits."""
        if self._head:
            self._go_on(b"")

    def close(self) -> None:
        """Close after what was written."""
        self.flush()
        self._close()

    def _hold(self, head: bytes) -> None:
        self._head = head
        self.write = self._go_on
        asyncio.get_running_loop().call_soon(self.flush)

    def _go_on(self, piece: bytes) -> None:
        head, self._head = self._head, b""
        self.write = self._transport.write
        self.write(head + piece)
