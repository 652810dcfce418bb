"""The HTTP clients that all calls out share: one for each way out of this machine."""

from collections.abc import Callable

import httpx

from pipeline.secret import Secret


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

    async def aclose(self) -> None:
        """Close every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()
