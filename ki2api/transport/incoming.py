"""The response to one request as it comes in: its head, then what comes of its body."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol, Self

import httpx

Headers = list[tuple[bytes, bytes]]
ENOUGH = 256 * 1024
"""Bytes that may wait for a slow reader before the connection is read no more."""


class Source(Protocol):
    """Where a response comes from."""

    def abandon(self) -> None:
        """Give the rest of the response up."""

    def read_on(self) -> None:
        """Go on reading, if that had stopped."""


class Incoming(httpx.AsyncByteStream):
    """A response; to iterate gives all that has come since the last time, in one piece.

    Nothing here is awaited but what has not come yet, so it can be cancelled anywhere and closed
    at any time.
    """

    def __init__(self, source: Source, seconds: float | None = None) -> None:
        """`seconds` is the longest silence, None for any."""
        self._source = source
        self._seconds = seconds
        self.pieces: list[bytes] = []
        """What has come and was not read yet, no piece of it empty; stays the same list."""
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        self.status = 0
        """0 until the head has come."""
        self.headers: Headers = []
        self.ended = False
        """Whether no more will come, be it that it broke off."""

    async def head(self) -> None:
        """Wait for the head; raises what it fails with."""
        while not self.status:
            if self._failure is not None:
                raise self._failure
            await self._arrival()

    async def read(self) -> bytes:
        """Return all that has come since the last time, b"" at the end; raises what it fails with.

        What came before a failure comes first.
        """
        pieces = self.pieces
        while not pieces:
            if self._failure is not None:
                raise self._failure
            if self.ended:
                return b""
            await self._arrival()
        data = b"".join(pieces)  # of a single one it is that itself
        pieces.clear()
        if len(data) >= ENOUGH and not self.ended:
            self._source.read_on()
        return data

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.read()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Read no more; what is left is given up. Waits for nothing."""
        if not self.ended:
            self.give_up(httpx.StreamClosed())

    def give_up(self, error: Exception) -> None:
        """End it with an error, and let its source know that nobody wants the rest."""
        if not self.ended:
            self.fail(error)
            self._source.abandon()

    @property
    def exhausted(self) -> bool:
        """Whether it has ended well and all was read."""
        return self.ended and self._failure is None and not self.pieces

    @property
    def full(self) -> bool:
        """Whether enough waits to be read."""
        return sum(map(len, self.pieces)) >= ENOUGH

    def begin(self, status: int, headers: Headers) -> None:
        """Take the head."""
        self.status, self.headers = status, headers

    def end(self) -> None:
        """Take its end, as it should be."""
        self.ended = True
        self.wake()

    def fail(self, error: Exception) -> None:
        """End it with an error, after what has come so far; an end before it stays."""
        if not self.ended:
            self._failure = error
            self.end()

    def wake(self) -> None:
        """Let who waits look."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _arrival(self) -> Awaitable[None]:
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        return waiter if self._seconds is None else self._in_time(waiter, self._seconds)

    async def _in_time(self, waiter: asyncio.Future[None], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError as error:
            raise httpx.ReadTimeout("nothing came in time") from error
