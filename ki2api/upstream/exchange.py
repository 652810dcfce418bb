"""One call to Kiro on its way: the head of its response, then what comes, as bytes."""

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
from ki2api.transport import Incoming, causes, proxy_fault


class Exchange:
    """A request and its response, to be stopped by whoever has begun it; `async with` does."""

    status: int
    headers: Mapping[str, str]

    def __init__(
        self, transport: httpx.AsyncBaseTransport, request: httpx.Request, *, proxy: str = ""
    ) -> None:
        """`proxy` is the host of the proxy that the transport goes by, if it goes by one."""
        self._transport = transport
        self._request = request
        self._proxy = proxy
        self._failure: GatewayError | None = None

    async def begin(self) -> None:
        """Send the request and wait for the head of the response; raises UpstreamError."""
        try:
            self._response = await self._transport.handle_async_request(self._request)
        except Exception as error:
            host = self._request.url.netloc.decode()
            raise _meaning(error, host, self._proxy) from error
        self.status = self._response.status_code
        self.headers = self._response.headers
        # Not aiter_raw: each generator in the way costs a microsecond or more for each piece.
        self._pieces = aiter(cast("AsyncIterator[bytes]", self._response.stream))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def ended(self) -> bool:
        """Whether all was read, as far as that is known before the next read."""
        stream = self._response.stream
        return isinstance(stream, Incoming) and stream.exhausted

    async def read(self) -> bytes:
        """Return all that has arrived since the last read, b"" at the end; raises UpstreamError."""
        if self._failure is not None:
            raise self._failure
        try:
            return await anext(self._pieces)
        except StopAsyncIteration:
            return b""
        except Exception as error:
            if self._failure is not None:
                raise self._failure from error
            # Only a response that was read to its end has ended well, whatever else happened:
            # some errors of TLS come through httpx as they are.
            self._failure = UpstreamDisconnected("The connection to Kiro broke off.")
            raise self._failure from error

    async def read_upto(self, limit: int) -> bytes:
        """Return what comes until the end, or until that is `limit` bytes or more."""
        body = b""
        while len(body) < limit and (more := await self.read()):
            body += more
        return body

    def give_up(self, failure: GatewayError) -> None:
        """Let who reads fail with this now, where nothing has come; of our own transports."""
        stream = self._response.stream
        if isinstance(stream, Incoming) and not stream.ended:
            self._failure = failure
            stream.give_up(httpx.ReadTimeout("nothing came in time"))

    async def stop(self) -> None:
        """Read no more; the connection is closed if the response has not ended."""
        await self._response.aclose()


def _meaning(error: Exception, host: str, proxy: str) -> GatewayError:
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
