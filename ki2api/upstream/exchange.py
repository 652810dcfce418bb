"""One call to Kiro on its way: the head of its response, then what comes, as bytes."""

import ssl
from collections.abc import Awaitable
from functools import cached_property
from types import TracebackType
from typing import Self

import httpx

from ki2api.errors import (
    GatewayError,
    Overloaded,
    UpstreamDisconnected,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUntrusted,
)
from ki2api.transport import Direct, Outgoing, Shielded, causes, proxy_fault


class Exchange:
    """A request and its response, to be stopped by whoever has begun it; `async with` does."""

    status: int

    def __init__(self, transport: Direct | Shielded, request: Outgoing, *, proxy: str = "") -> None:
        """`proxy` is the host of the proxy that the transport goes by, if it goes by one."""
        self._transport = transport
        self._request = request
        self._proxy = proxy
        self._failure: GatewayError | None = None

    async def begin(self) -> None:
        """Send the request and wait for the head of the response; raises UpstreamError."""
        try:
            self._incoming = await self._transport.send(self._request)
        except Exception as error:
            host = self._request.common.url.netloc.decode()
            raise _meaning(error, host, self._proxy) from error
        self.status = self._incoming.status
        del self._request  # its body may be large, and the reply may be long

    @cached_property
    def headers(self) -> httpx.Headers:
        """Those of the response; few look at them."""
        return httpx.Headers(self._incoming.headers)

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
        return self._incoming.exhausted

    async def read(self) -> bytes:
        """Return all that has arrived since the last read, b"" at the end; raises UpstreamError."""
        if self._failure is not None:
            raise self._failure
        try:
            return await self._incoming.read()
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
        """Let who reads fail with this, now where nothing has come."""
        if not self._incoming.ended:
            self._failure = failure
            self._incoming.give_up(httpx.ReadTimeout("nothing came in time"))

    def fall_silent(self) -> None:
        """Let who reads fail, as nothing has come for too long."""
        self.give_up(UpstreamTimeout("Kiro fell silent in the middle of its answer."))

    def stop(self) -> Awaitable[None]:
        """Read no more; the connection is closed if the response has not ended."""
        return self._incoming.aclose()


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
