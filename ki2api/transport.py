"""The HTTP clients that all calls out share: one for each way out of this machine."""

import ssl
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from pipeline.secret import Secret


def proxy_fault(error: BaseException, proxy: str) -> str:
    """Say what the proxy does wrong where it is to blame for a call that failed, else nothing.

    `proxy` is what `Clients.proxy_of` says of it.
    """
    name = f"the proxy {proxy}".rstrip()
    if isinstance(error, httpx.ProxyError):
        status, _, _ = str(error).partition(" ")
        refusal = f"answered {status}" if status.isdecimal() else "does not lead there"
        return f"{name} {'wants a name and a password' if status == '407' else refusal}"
    unconnected = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
    if proxy and unconnected and not any(isinstance(e, ssl.SSLError) for e in causes(error)):
        return f"{name} cannot be reached"
    return ""


def causes(error: BaseException) -> list[BaseException]:
    """Return an error and all that it came from, the last first."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def no_cookies() -> CookieJar:
    """Make a jar that takes no cookie: accounts share clients, and must not be tied together."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


class Clients:
    """Keeps one client for each proxy, and one for the way without any.

    A proxy is never gone around: a call whose proxy fails, fails.
    """

    def __init__(self, make: Callable[[str | None], httpx.AsyncClient], proxy: str | None) -> None:
        """`make` makes the client of a proxy's URL; `proxy` is for accounts without their own."""
        self._make = make
        self._proxy = proxy
        self._clients: dict[str | None, httpx.AsyncClient] = {}

    def of(self, proxy: Secret | None = None) -> httpx.AsyncClient:
        """Return the client of an account's own proxy, or the common one."""
        url = proxy.reveal() if proxy else self._proxy
        if url not in self._clients:
            self._clients[url] = self._make(url)
        return self._clients[url]

    def proxy_of(self, proxy: Secret | None = None) -> str:
        """Return host and port of the proxy that `of` goes by, without a password; empty if none.

        It is for people to read.
        """
        text = proxy.reveal() if proxy else self._proxy
        return httpx.URL(text).netloc.decode() if text else ""

    async def aclose(self) -> None:
        """Close every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()
