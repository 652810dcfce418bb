"""The port on this machine that a browser is sent back to: it takes one answer and is gone."""

import asyncio
from types import TracebackType
from typing import Self

from ki2api.accounts.signin.browser import CALLBACKS
from ki2api.accounts.signin.exchange import LoginFailed

# The ports that Kiro's own programs use; its pages may know no others (docs/kiro.md §1.10).
PORTS = (3128, 4649, 6588, 8008, 9091, 49153, 50153, 51153, 52153, 53153, 0)
PATIENCE = 600.0
"""Seconds that a person has to come back from the browser."""
_LONGEST_HEAD = 16 * 1024
_READING_SECONDS = 10.0
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>ki2api</title>
<body style="font-family: sans-serif; margin: 4em auto; max-width: 32em">
<p>{words}</p></body></html>
"""


class Loopback:
    """Listens on 127.0.0.1 alone while it is entered; `base` is its address for a browser."""

    def __init__(self, ports: tuple[int, ...] = PORTS, *, patience: float = PATIENCE) -> None:
        """`ports` are tried in this order, and the last one must be had; 0 is any that is free."""
        self._ports = ports
        self._patience = patience
        self._arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        self._server = await self._listen()
        self.base = f"http://localhost:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Not waited for: browsers hold spare connections open, on which they say nothing.
        self._server.close()

    async def arrival(self) -> str:
        """Wait for the address that the browser was sent to; raises LoginFailed if none comes."""
        try:
            async with asyncio.timeout(self._patience):
                return await self._arrived
        except TimeoutError:
            raise LoginFailed("nobody came back from the browser: start again") from None

    def deliver(self, target: str) -> None:
        """Take the address that a browser was sent to; only the first one counts."""
        if not self._arrived.done():
            self._arrived.set_result(target)

    async def _listen(self) -> asyncio.Server:
        for port in self._ports[:-1]:
            try:
                return await self._bound(port)
            except OSError:
                continue  # taken: another login, or the IDE's own
        return await self._bound(self._ports[-1])

    async def _bound(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", port, limit=_LONGEST_HEAD)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_READING_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            method, _, rest = head.decode("latin-1").partition(" ")
            target = rest.partition(" ")[0]
            known = method == "GET" and target.partition("?")[0] in CALLBACKS
            writer.write(_answer(known=known))
            await writer.drain()
            if known:
                self.deliver(target)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            pass  # no browser, or one that left: another one may come
        finally:
            writer.close()


def _answer(*, known: bool) -> bytes:
    words = (
        "Thank you. You may close this page and go back to the terminal."
        if known
        else "There is nothing here."
    )
    body = _PAGE.format(words=words).encode()
    head = (
        f"HTTP/1.1 {'200 OK' if known else '404 Not Found'}\r\n"
        "content-type: text/html; charset=utf-8\r\n"
        "cache-control: no-store\r\n"
        "referrer-policy: no-referrer\r\n"
        "content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
        f"content-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body
