"""Reads the responses that come on one connection, each into what waits for it."""

import math
import re
from collections.abc import Callable

import httpx
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from ki2api.transport.incoming import Headers, Incoming

LARGEST_HEAD = 100 * 1024
"""Bytes that may come without an end of the head, or later without any of the body."""
_SWITCHING = 101
_FINAL = 200
_TIMEOUT = re.compile(rb"timeout=(\d{1,9})", re.IGNORECASE)


class Responses:
    """A parser; `last` tells whether no other response can follow the one that has ended."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._incoming: Incoming | None = None
        self._take: Callable[[bytes], object] = _unasked
        self._headers: Headers = []
        self._bodiless = False
        self._barren = 0
        self.last = False

    def expect(self, incoming: Incoming, *, bodiless: bool) -> None:
        """Read the next response into this; `bodiless` says that it has a head alone."""
        self._incoming, self._bodiless, self._barren = incoming, bodiless, 0
        self._take = _too_early

    def feed(self, data: bytes) -> None:
        """Take bytes; raises RemoteProtocolError where they are not what should come."""
        self._barren += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            raise httpx.RemoteProtocolError(f"no response in HTTP/1.1: {error}") from error
        if self._barren > LARGEST_HEAD:
            raise httpx.RemoteProtocolError("the head of the response is too large")

    def on_message_begin(self) -> None:
        if self._incoming is None or self._incoming.ended:
            raise HttpParserError("nobody has asked for it")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        if status == _SWITCHING:
            raise HttpParserError("another protocol, that nobody has asked for")
        if status < _FINAL or self._incoming is None:
            return
        self._barren = 0
        self._incoming.begin(status, headers)
        if self._bodiless:  # the parser does not know that, and would wait for the body
            self._incoming.ended = self.last = True
            self._take = _unasked
        else:
            self._take = self._incoming.pieces.append

    def on_body(self, data: bytes) -> None:
        self._barren = 0
        self._take(data)

    def on_message_complete(self) -> None:
        incoming = self._incoming
        if incoming is not None and incoming.status and not incoming.ended:
            incoming.ended = True
            self._take = _unasked
            self.last = not self._parser.should_keep_alive()
            self._headers = []  # those of the trailer


def _too_early(_: bytes) -> None:
    raise HttpParserError("an interim response has no body")


def _unasked(_: bytes) -> None:
    """Pass over what comes when all that was asked for has come."""


def is_framed(headers: Headers) -> bool:
    """Tell whether a response says by itself where it ends, and does not end with its connection.

    What ends a response that is both is for the parser, which takes no such one.
    """
    framing = {name.lower(): value.lower() for name, value in headers}
    chunked = framing.get(b"transfer-encoding", b"").endswith(b"chunked")
    return chunked or b"content-length" in framing


def kept_for(headers: Headers) -> float:
    """Return for how many seconds the server keeps the connection, as far as it says so."""
    seconds = math.inf
    for name, value in headers:
        if name.lower() == b"keep-alive" and (told := _TIMEOUT.search(value)):
            seconds = min(seconds, float(told[1]))
    return seconds
