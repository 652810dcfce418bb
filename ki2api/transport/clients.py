"""The ways that all calls out share: one for each proxy, and one without any."""

from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from msgspec import Struct

from ki2api.transport.direct import Direct
from ki2api.transport.shielded import Shielded
from pipeline.secret import Secret

NO_LIMITS = httpx.Timeout(None)


def no_cookies() -> CookieJar:
    """Make a jar that takes no cookie: accounts share clients, and must not be tied together."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


class _Way(Struct, frozen=True):
    """A transport, and the client around it for those who want one."""

    transport: Direct | Shielded
    client: httpx.AsyncClient


class Clients:
    """Keeps one transport for each proxy, and one for the way without any.

    A proxy is never gone around: a call whose proxy fails, fails.
    """

    def __init__(
        self,
        make: Callable[[str | None], httpx.AsyncBaseTransport],
        proxy: str | None,
        timeout: httpx.Timeout = NO_LIMITS,
    ) -> None:
        """`make` makes the transport by a proxy's URL; `proxy` is for accounts without their own.

        `timeout` is for calls that bring none.
        """
        self._make = make
        self._proxy = proxy
        self._timeout = timeout
        self.seconds: Mapping[str, float | None] = timeout.as_dict()
        """The limits of a request that no client has built, so that it is timed alike."""
        self._ways: dict[str | None, _Way] = {}

    def of(self, proxy: Secret | None = None) -> httpx.AsyncClient:
        """Return the client of an account's own proxy, or the common one."""
        return self._way(proxy).client

    def transport_of(self, proxy: Secret | None = None) -> Direct | Shielded:
        """Return the transport of that client, for calls that need nothing of a client."""
        return self._way(proxy).transport

    def proxy_of(self, proxy: Secret | None = None) -> str:
        """Return host and port of the proxy that `of` goes by, without a password; empty if none.

        It is for people to read.
        """
        text = proxy.reveal() if proxy else self._proxy
        return httpx.URL(text).netloc.decode() if text else ""

    async def aclose(self) -> None:
        """Close every connection."""
        ways, self._ways = self._ways, {}
        for way in ways.values():
            await way.transport.aclose()
            await way.client.aclose()

    def _way(self, proxy: Secret | None) -> _Way:
        url = proxy.reveal() if proxy else self._proxy
        if url not in self._ways:
            made = self._make(url)
            transport = made if isinstance(made, Direct | Shielded) else Shielded(made)
            client = httpx.AsyncClient(
                transport=made, timeout=self._timeout, cookies=no_cookies(), trust_env=False
            )
            self._ways[url] = _Way(transport, client)
        return self._ways[url]
