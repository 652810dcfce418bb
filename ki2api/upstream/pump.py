"""Reads one upstream response in a task of its own, which is cancelled exactly once.

httpx 0.28 loses a slot of its connection pool when a read is cancelled twice in a row, which
happens to a request task whose client leaves while the server shuts down, and when the closing of a
response is cancelled. The task here is out of reach of both. It is also where what arrives between
two reads is put together, and where reading pauses while the client is slow.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self, cast

import httpx

from ki2api.errors import (
    GatewayError,
    Overloaded,
    UpstreamDisconnected,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUntrusted,
)
from ki2api.transport import causes, proxy_fault

ENOUGH = 256 * 1024
"""Bytes that may wait for a slow client before reading pauses."""


class Pump:
    """One request on its way and its response as bytes.

    Entering it sends the request and waits for the head of the response; raises UpstreamError.
    """

    status: int
    headers: Mapping[str, str]

    def __init__(self, http: httpx.AsyncClient, request: httpx.Request, *, proxy: str = "") -> None:
        """`proxy` is the host of the proxy that the client goes by, if it goes by one."""
        self._http = http
        self._proxy = proxy
        self._request = request
        self._waiting = bytearray()
        self._ended = False
        self._stopped = self._closing = False
        self._failure: GatewayError | None = None
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._head: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._run())
        try:
            await self._head
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.stop()

    async def read(self) -> bytes:
        """Return all that has arrived since the last read, b"" at the end; raises UpstreamError."""
        while not self._waiting:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                return b""
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._waiting)
        self._waiting.clear()
        self._taken.set()
        return data

    async def read_upto(self, limit: int) -> bytes:
        """Return what comes until the end, or until that is `limit` bytes or more."""
        body = b""
        while len(body) < limit and (more := await self.read()):
            body += more
        return body

    async def _run(self) -> None:
        try:
            await self._read_all()
        except BaseException as error:
            # Only a response that was read to its end has ended well, whatever else happened:
            # some errors of TLS come through httpx as they are.
            self._fail(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._ended = True
            self._arrived.set()

    async def _read_all(self) -> None:
        response = await self._http.send(self._request, stream=True)
        try:
            self.status = response.status_code
            self.headers = response.headers
            if not self._head.done():
                self._head.set_result(None)
            # Not aiter_raw: that closes the response by itself, and no one sees when it begins to.
            async for chunk in cast("AsyncIterator[bytes]", response.stream):
                await self._give(chunk)
        finally:
            self._closing = True
            await response.aclose()

    async def _give(self, chunk: bytes) -> None:
        self._waiting += chunk
        self._arrived.set()
        while len(self._waiting) >= ENOUGH:
            self._taken.clear()
            await self._taken.wait()

    def _fail(self, error: BaseException) -> None:
        begun = self._head.done()
        host = self._request.url.netloc.decode()
        meaning = _broken() if begun else _meaning(error, host, self._proxy)
        meaning.__cause__ = error
        if begun:
            self._failure = meaning
        else:
            self._head.set_exception(meaning)

    async def stop(self) -> None:
        """Read no more; the connection is closed if the response has not ended."""
        # Waiting does not pass a cancel of ours on to the task, so this one stays its only one.
        if not self._stopped:
            self._stopped = True
            if not self._closing:
                self._task.cancel()
        await asyncio.wait({self._task})
        if self._head.done() and not self._head.cancelled():
            self._head.exception()


def _broken() -> GatewayError:
    return UpstreamDisconnected("The connection to Kiro broke off.")


def _meaning(error: BaseException, host: str, proxy: str) -> GatewayError:
    if any(isinstance(cause, ssl.SSLError) for cause in causes(error)):
        return UpstreamUntrusted(f"{host} did not prove by TLS that it is Kiro.")
    if fault := proxy_fault(error, proxy):
        return UpstreamUnavailable(f"Kiro cannot be reached at {host}: {fault}.")
    match error:
        case httpx.PoolTimeout():
            return Overloaded("All connections to Kiro are in use.", retry_after=1)
        case httpx.TimeoutException():
            return UpstreamTimeout(f"The connection to {host} was not made in time.")
        case _:
            return UpstreamUnavailable(f"Kiro cannot be reached at {host}.")
