"""One request and its answer as ASGI sees them: how the answer is framed, and when it leaves."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from re import compile as pattern
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn._types import HTTPScope
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

_NAME = pattern(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_BODILESS = (204, 304)
# Numbers: to look for bytes in bytes, the interpreter raises an error first and takes it back.
_CR, _LF, _NUL = b"\r\n\0"


class Outlet:
    """A transport as an answer sees it: closing it leaves the client time to read."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close


class Cycle(RequestResponseCycle):
    """uvicorn's, which writes the head of an answer together with the first piece of its body.

    ASGI lets a server wait for that piece. So a short answer takes one write, which is one of the
    dearest things that it does; nothing of an answer is on its way before `response_started`.
    """

    access_log = False
    disconnected = False
    more_body = True
    response_started = response_complete = False
    _head: bytes | None = None
    _streams = False
    """Whether the head and some of the body have gone out in chunks, and the end has not."""

    def __init__(self, connection: HttpToolsProtocol, outlet: Outlet, *, last: bool) -> None:
        """Take the request whose head has come; `last` closes the connection after it.

        uvicorn's own is not called: to hand it all of this by name costs more than it does.
        """
        self.scope = connection.scope
        self.transport = outlet  # type: ignore[assignment]  # as far as it is used
        self.flow = connection.flow
        self.logger = connection.logger
        self.default_headers = connection.server_state.default_headers
        self.message_event = asyncio.Event()
        self.waiting_for_100_continue = _waits(connection.headers)
        self.keep_alive = not last and connection.parser.should_keep_alive()
        self.on_response = connection.on_response_complete
        self.body = bytearray()

    async def send(self, message: Any) -> None:
        """Take a message of the app; part of ASGI. Raises RuntimeError for one out of turn."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self._streams and message.get("more_body") and (body := message.get("body")):
            # As `_write` would do it: nearly all of a stream is of this kind.
            self.transport.write(b"%x\r\n%b\r\n" % (len(body), body))
            return
        kind = message["type"]
        if kind == "http.response.body" and self._head is not None and not self.response_complete:
            self._write(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.start" and not self.response_started:
            self._begin(message["status"], list(message.get("headers", ())))
        else:
            raise RuntimeError(f"{kind!r} was sent out of its turn")

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Make the head, to be sent with what follows."""
        given = dict(headers)
        lines = [_label(name) + value for name, value in (*self.default_headers, *headers)]
        self.chunked_encoding = False
        self.expected_content_length = 0
        if b"content-length" in given:
            self.expected_content_length = int(given[b"content-length"])
        elif self.scope["method"] != "HEAD" and status not in _BODILESS:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked")
        if b"close" in given.get(b"connection", b"").lower():
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close")
        text = b"".join(lines)
        if _CR in text or _LF in text or _NUL in text:
            raise RuntimeError("a header field of the answer has a line break in it")
        self._head = STATUS_LINE[status] + b"\r\n".join([*lines, b"", b""])

    def _write(self, body: bytes, *, more: bool) -> None:
        piece = b""
        if self.chunked_encoding:
            if body:
                piece = b"%x\r\n%b\r\n" % (len(body), body)
            if not more:
                piece += b"0\r\n\r\n"
        elif self.scope["method"] != "HEAD":
            self._count(len(body), more=more)
            piece = body
        if self._head:
            piece, self._head = self._head + piece, b""
            self.response_started = True
        self._streams = bool(self.chunked_encoding) and more
        if piece:
            self.transport.write(piece)
        if not more:
            self._end()

    def _count(self, size: int, *, more: bool) -> None:
        """Hold the body to the length that its head has told."""
        self.expected_content_length -= size
        if self.expected_content_length < 0:
            raise RuntimeError("the body of the answer is longer than its content-length")
        if self.expected_content_length and not more:
            raise RuntimeError("the body of the answer is shorter than its content-length")

    def _end(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def _waits(headers: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether a client waits for our word before it sends the body."""
    return dict(headers).get(b"expect", b"").lower() == b"100-continue"


def tell(scope: HTTPScope, method: bytes, version: str, target: bytes) -> None:
    """Put into the ASGI scope what a request asks for; raises HttpParserError for no URL."""
    parts = httptools.parse_url(target)
    path = parts.path.decode("ascii")
    scope["method"] = method.decode("ascii")
    scope["http_version"] = version
    scope["path"] = unquote(path) if "%" in path else path
    scope["raw_path"] = parts.path
    scope["query_string"] = parts.query or b""


@lru_cache(maxsize=256)
def _label(name: bytes) -> bytes:
    """Return how the line of a field begins; its name is in lower case, as ASGI has it."""
    if not _NAME.fullmatch(name):
        raise RuntimeError(f"{name!r} is no name of a header field")
    return name + b": "
