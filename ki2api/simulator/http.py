"""A small strict HTTP/1.1 server that can also break off, reset and fall silent at any byte."""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, parse_url
from msgspec import Struct

_READ = 65_536
_REGION = re.compile(r"/([a-z]{2}(?:-[a-z]+)+-[0-9])/")
_PHRASES = {
    200: "OK",
    302: "Found",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip - a table of words


class Request(Struct, frozen=True):
    """A whole request; header names are in lower case.

    Kiro has one host name for each region. Here the region may stand as the first part of the path
    (`/eu-central-1/token`); a request without one reaches whatever region it needs.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool = True
    region: str = ""

    @property
    def bearer(self) -> str:
        """The bearer token, or nothing."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""


class Wire:
    """The way back of one request, down to single bytes.

    `gone` turns true when the other side has closed the connection before the answer's end;
    `spent` when this side will not answer another request on it.
    """

    def __init__(self, writer: asyncio.StreamWriter, *, keep_alive: bool) -> None:
        self._writer = writer
        self.gone = False
        self.spent = not keep_alive

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Answer in one piece."""
        await self._write(self._head(status, {**headers, "content-length": str(len(body))}) + body)

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Begin an answer in chunks."""
        await self._write(self._head(status, {**headers, "transfer-encoding": "chunked"}))

    async def send(self, data: bytes) -> None:
        """Send one chunk."""
        await self._write(b"%x\r\n%s\r\n" % (len(data), data))

    async def end(self) -> None:
        """End an answer in chunks."""
        await self._write(b"0\r\n\r\n")

    async def close(self) -> None:
        """Close the connection, whatever is still owed."""
        self.spent = True
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def half_close(self) -> None:
        """Say that nothing more comes, and go on listening."""
        self.spent = True
        self._writer.write_eof()
        await self.fall_silent()

    async def reset(self) -> None:
        """Break the connection with a TCP reset."""
        self.spent = True
        # Closing without lingering sends RST; what was sent before gets a moment to leave.
        await asyncio.sleep(0)
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        self._writer.transport.abort()

    async def fall_silent(self) -> None:
        """Never answer; ends when the other side leaves."""
        await asyncio.Event().wait()

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["connection: close"] * self.spent
        return "\r\n".join([*lines, "\r\n"]).encode()

    async def _write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            self.gone = True
            raise


Handler: TypeAlias = Callable[[Request, Wire], Awaitable[None]]


class _Inbox:
    """What comes in on one connection, as whole requests."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._parser = HttpRequestParser(self)
        self._whole: deque[Request] = deque()
        self.on_message_begin()

    async def next(self) -> Request | None:
        """Wait for the next request; None when the other side has closed."""
        while not self._whole:
            if not await self._pull():
                return None
        return self._whole.popleft()

    async def closed(self) -> None:
        """Wait until the other side closes; what comes meanwhile is kept."""
        with suppress(ConnectionError, HttpParserError):
            while await self._pull():
                pass

    async def _pull(self) -> bool:
        data = await self._reader.read(_READ)
        if data:
            self._parser.feed_data(data)
        return bool(data)

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        url = parse_url(self._url)
        query = dict(parse_qsl((url.query or b"").decode("latin-1")))
        region, path = _region(unquote(url.path.decode("latin-1")))
        self._whole.append(
            Request(
                self._parser.get_method().decode(),
                path,
                query,
                self._headers,
                b"".join(self._body),
                self._parser.should_keep_alive(),
                region,
            )
        )


def _region(path: str) -> tuple[str, str]:
    found = _REGION.match(path)
    return (found[1], path[found.end() - 1 :]) if found else ("", path)


class Service:
    """One listening socket whose requests all go to one handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the address as a URL."""
        self._server = await asyncio.start_server(self._accept, host, port)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server:
            self._server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                await self._converse(_Inbox(reader), writer)
        except asyncio.CancelledError:
            # On the way down nobody is waited for, not even a caller who does not read.
            writer.transport.abort()
            raise
        finally:
            writer.close()

    async def _converse(self, inbox: _Inbox, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await inbox.next():
                wire = Wire(writer, keep_alive=request.keep_alive)
                await self._answer(request, wire, inbox)
                if wire.spent or wire.gone:
                    return
        except (HttpParserError, HttpParserUpgrade):
            await Wire(writer, keep_alive=False).respond(400, {}, b"")

    async def _answer(self, request: Request, wire: Wire, inbox: _Inbox) -> None:
        """Run the handler beside a watcher, so that a caller who leaves stops the work."""
        async with asyncio.TaskGroup() as group:
            answering = group.create_task(self._handle(request, wire))
            leaving = group.create_task(_leave(inbox, wire, answering))
            answering.add_done_callback(lambda _: leaving.cancel())

    async def _handle(self, request: Request, wire: Wire) -> None:
        # A connection that broke under the answer is the caller's leaving, no fault of the handler.
        with suppress(ConnectionError):
            await self._handler(request, wire)


async def _leave(inbox: _Inbox, wire: Wire, answering: asyncio.Task[None]) -> None:
    await inbox.closed()
    wire.gone = not answering.done()
    answering.cancel()
