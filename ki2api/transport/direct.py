"""HTTP/1.1 to servers without anything in between, behind httpx's interface."""

import ssl
from collections.abc import Callable
from functools import cached_property

import httpx

from ki2api.alarms import Alarms
from ki2api.transport.connection import Connection
from ki2api.transport.dialling import dial
from ki2api.transport.incoming import Incoming
from ki2api.transport.limit import Limit
from ki2api.transport.pool import Pool
from ki2api.transport.request import Origin, Outgoing, origin, outgoing

IDLE_SECONDS = 20.0
"""How long an idle connection is kept; shorter than common servers do, so that they are not the
ones to close it just when it is used again."""
MOST_IDLE = 100


def trusted() -> ssl.SSLContext:
    """Return whom httpx trusts, whatever the environment says, for HTTP/1.1 alone."""
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Direct(httpx.AsyncBaseTransport):
    """A transport that may be cancelled anywhere, and gives what has come in as few pieces.

    A request has its body at hand. A connection that was closed while it was idle is not used; one
    that closes under a request is an error, since only the caller knows what may be sent twice.
    """

    def __init__(
        self,
        trust: Callable[[], ssl.SSLContext] = trusted,
        *,
        idle_seconds: float = IDLE_SECONDS,
        most_idle: int = MOST_IDLE,
    ) -> None:
        self._trust = trust
        self._alarms = Alarms()
        self.pool = Pool(idle_seconds, most_idle, self._alarms)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and wait for the head of its response; raises httpx.TransportError."""
        incoming = await self.send(outgoing(request))
        return httpx.Response(incoming.status, headers=incoming.headers, stream=incoming)

    async def send(self, going: Outgoing) -> Incoming:
        """Do the same for calls that come often: httpx's objects cost a fifth of a short one."""
        pieces, place = going.written(), going.common.origin
        connection = self.pool.take(place)
        if connection is None:
            connection = await self._opened(place, going.seconds.get("connect"))
        incoming = connection.ask(going, pieces)
        try:
            await incoming.head()
        except BaseException:
            await incoming.aclose()
            raise
        return incoming

    async def reach(self, url: httpx.URL, seconds: float) -> None:
        """Connect, with TLS where it is meant, and say nothing; raises httpx.TransportError."""
        connection = await self._opened(origin(url), seconds)
        connection.close()

    async def aclose(self) -> None:
        """Close every connection."""
        self.pool.close()

    async def _opened(self, place: Origin, seconds: float | None) -> Connection:
        scheme, host, port = place
        connection = self.pool.opening(place)
        trusted = self._trusted if scheme == "https" else None
        try:
            with Limit(seconds, self._alarms):
                await dial(lambda: connection, host, port, trusted)
        except TimeoutError as error:
            self.pool.forget(connection)
            raise httpx.ConnectTimeout(f"{host} did not answer in time") from error
        except (OSError, UnicodeError) as error:
            self.pool.forget(connection)
            raise httpx.ConnectError(str(error)) from error
        except BaseException:
            self.pool.forget(connection)
            raise
        return connection

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return self._trust()
