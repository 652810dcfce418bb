"""httpx's own transport, made safe to be cancelled, for those ways that it alone knows.

httpx 0.28 loses a slot of its connection pool when a read is cancelled twice in a row, which
happens to a request task whose client leaves while the server shuts down, and when the closing of a
response is cancelled. So each exchange runs in a task of its own, which is out of reach of both.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import httpx

from ki2api.transport.incoming import Incoming
from ki2api.transport.request import Outgoing, asked


class Shielded(httpx.AsyncBaseTransport):
    """A transport around another one, which promises what `Direct` does."""

    def __init__(self, inside: httpx.AsyncBaseTransport) -> None:
        self._inside = inside
        self._errands: set[_Errand] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and wait for the head of its response; raises httpx.TransportError."""
        incoming = await self._begun(request)
        return httpx.Response(incoming.status, headers=incoming.headers, stream=incoming)

    async def send(self, going: Outgoing) -> Incoming:
        """Do the same as `Direct.send`."""
        return await self._begun(asked(going))

    async def _begun(self, request: httpx.Request) -> Incoming:
        errand = _Errand(self._inside, request)
        self._errands.add(errand)
        errand.task.add_done_callback(lambda _: self._errands.discard(errand))
        incoming = errand.incoming
        try:
            await incoming.head()
        except BaseException:
            await incoming.aclose()
            raise
        return incoming

    async def aclose(self) -> None:
        """Close every connection; what is under way breaks off."""
        for errand in self._errands:
            errand.abandon()
        if self._errands:
            # Waiting does not pass a cancel of ours on, so that of each errand stays its only one.
            await asyncio.wait([errand.task for errand in self._errands])
        await self._inside.aclose()


class _Errand:
    """One exchange in a task of its own, which is cancelled once at most."""

    def __init__(self, transport: httpx.AsyncBaseTransport, request: httpx.Request) -> None:
        self._transport = transport
        self._request = request
        self._taken = asyncio.Event()
        self._over = False
        self.incoming = Incoming(self)
        self.task = asyncio.get_running_loop().create_task(self._run())

    def abandon(self) -> None:
        """Give up, if it is not just being closed."""
        if not self._over:
            self._over = True
            self.task.cancel()

    def read_on(self) -> None:
        """Read more."""
        self._taken.set()

    async def _run(self) -> None:
        try:
            await self._exchange()
        except Exception as error:  # noqa: BLE001 - handed to who reads; some come through as they are
            self.incoming.fail(error)
        finally:
            self.incoming.fail(httpx.ReadError("cut off"))  # only where it has not ended
            if not self.incoming.status:
                await _close_forgotten(self._transport)

    async def _exchange(self) -> None:
        response = await self._transport.handle_async_request(self._request)
        incoming = self.incoming
        try:
            incoming.begin(response.status_code, response.headers.raw)
            incoming.wake()
            async for piece in cast("AsyncIterator[bytes]", response.stream):
                if piece:
                    incoming.pieces.append(piece)
                    incoming.wake()
                while incoming.full:
                    self._taken.clear()
                    await self._taken.wait()
            incoming.end()
        finally:
            self._over = True
            await response.aclose()


async def _close_forgotten(transport: httpx.AsyncBaseTransport) -> None:
    """Close connections that stand and are nobody's.

    httpcore 1.0 leaves one so where a request is cancelled between its making and its first use.
    """
    if not isinstance(transport, httpx.AsyncHTTPTransport):
        return
    pool = transport._pool  # noqa: SLF001 - no public way to look
    used = {request.connection for request in pool._requests}  # noqa: SLF001 - as above
    for connection in pool.connections:
        if connection not in used and not (connection.is_idle() or connection.is_closed()):
            await connection.aclose()
