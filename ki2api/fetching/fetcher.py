"""Fetches small files over https: a host is resolved once, checked, and reached as it was checked.

A redirect is a new address and is checked anew. What fails raises Unfetched with words for the
caller, which do not tell a name that is nowhere from one that leads inside.
"""

import asyncio
import ssl
from collections.abc import Callable, Collection, Sequence

import httpx

from ki2api.fetching.addresses import Resolve, is_public, resolve
from ki2api.transport import no_cookies

PORTS = frozenset({443})
MOST_REDIRECTS = 3
MOST_AT_ONCE = 8
"""In the whole gateway."""
CONNECT_SECONDS = 2.0
"""For each address of a host; the whole is timed by whoever fetches."""
_HEADERS = {"accept": "image/*", "accept-encoding": "identity", "user-agent": "ki2api"}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Unfetched(Exception):
    """What was asked for cannot be had; says why, for the caller."""


class Fetcher:
    """Fetches from addresses that nobody vouches for."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        admits: Callable[[str], bool] = is_public,
        ports: Collection[int] = PORTS,
        trust: Callable[[], ssl.SSLContext] = httpx.create_ssl_context,
    ) -> None:
        """Everything given here is for tests: what may be reached is no setting."""
        self._resolve = resolve
        self._admits = admits
        self._ports = ports
        self._trust = trust
        self._trusted: ssl.SSLContext | None = None
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def fetch(self, address: str, most: int) -> bytes:
        """Fetch a file of at most so many bytes; raises Unfetched."""
        async with self._room:
            url = self._checked(address)
            for _ in range(MOST_REDIRECTS + 1):
                found = await self._reach(url, most)
                if isinstance(found, bytes):
                    return found
                url = self._checked(found)
            raise Unfetched(f"it redirects more than {MOST_REDIRECTS} times")

    def _checked(self, address: str) -> httpx.URL:
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:
            raise Unfetched("it is no valid address") from None
        if url.scheme != "https":
            raise Unfetched("only https is fetched")
        if url.userinfo:
            raise Unfetched("an address with a user name is not fetched")
        if not url.host or (url.port or 443) not in self._ports:
            raise Unfetched("only port 443 of a host is asked")
        return url

    async def _reach(self, url: httpx.URL, most: int) -> bytes | str:
        """Return the file, or where it went; tries each address of the host."""
        for address in await self._addresses(url):
            try:
                return await self._ask(url, address, most)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            except (httpx.HTTPError, httpx.InvalidURL):
                raise Unfetched("its host sent no whole answer") from None
        raise Unfetched("its host cannot be reached by a safe connection")

    async def _addresses(self, url: httpx.URL) -> Sequence[str]:
        """Return the addresses of a host if every one is public: a mixed answer is a trap."""
        try:
            found = await self._resolve(url.raw_host.decode(), url.port or 443)
        except (OSError, UnicodeError):
            found = ()
        if not found or not all(map(self._admits, found)):
            raise Unfetched("its host has no public address")
        return found

    async def _ask(self, url: httpx.URL, address: str, most: int) -> bytes | str:
        """Ask one address for what the URL names; the certificate must be the name's."""
        request = httpx.Request(
            "GET",
            url.copy_with(host=address),
            headers={**_HEADERS, "host": url.netloc.decode()},
            extensions={
                "sni_hostname": url.raw_host.decode(),
                "timeout": httpx.Timeout(None, connect=CONNECT_SECONDS).as_dict(),
            },
        )
        async with self._client() as client:
            answer = await client.send(request, stream=True)
            try:
                if answer.status_code in _REDIRECTS:
                    return str(url.join(answer.headers.get("location", "")))
                return await _content(answer, most)
            finally:
                await answer.aclose()

    def _client(self) -> httpx.AsyncClient:
        """Make a client for one call: a kept connection would be shared by names of one address."""
        if self._trusted is None:
            self._trusted = self._trust()
        return httpx.AsyncClient(verify=self._trusted, trust_env=False, cookies=no_cookies())


async def _content(answer: httpx.Response, most: int) -> bytes:
    if answer.status_code != httpx.codes.OK:
        raise Unfetched(f"its host answered {answer.status_code}")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise Unfetched("its host sent it compressed")
    content = bytearray()
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) > most:
            raise Unfetched(f"it is larger than {most / (1024 * 1024):g} MiB")
    return bytes(content)
