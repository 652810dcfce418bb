"""A request in the form it goes out in."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import httpx
from msgspec import Struct

Origin = tuple[str, str, int]
"""Scheme, host and port."""
_PORTS = {"http": 80, "https": 443}
_CR, _LF, _NUL = b"\r\n\0"
_SHORT = 16 * 1024
"""Bytes of a body that cost less to copy than to be written as a piece of their own."""


class Common:
    """What calls to one URL have in common, written once; of httpx's, its URL is enough."""

    def __init__(
        self, method: str, url: httpx.URL, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers

    @cached_property
    def origin(self) -> Origin:
        """Where the URL leads; raises UnsupportedProtocol."""
        return origin(self.url)

    @cached_property
    def head(self) -> bytes:
        """The line of the request, and those of the headers."""
        first = b"%s %s HTTP/1.1" % (self.method.encode("ascii"), self.url.raw_path)
        return _lines([first, *map(_field, self.headers)])


class Outgoing(Struct, frozen=True):
    """A request whose body is at hand."""

    common: Common
    own: Sequence[tuple[bytes, bytes]] = ()
    """The headers of this one alone."""
    body: bytes = b""
    seconds: Mapping[str, float | None] = {}
    """How long each part may stand still, by httpx's names: connect, write, read."""

    @property
    def bodiless(self) -> bool:
        """Whether its response has a head alone."""
        return self.common.method == "HEAD"

    def written(self) -> list[bytes]:
        """Return it as bytes, in one piece if it is short.

        Raises LocalProtocolError where a header breaks it.
        """
        head = self.common.head + _lines([*map(_field, self.own), b""])
        return [head + self.body] if len(self.body) <= _SHORT else [head, self.body]


def origin(url: httpx.URL) -> Origin:
    """Return where a URL leads; raises UnsupportedProtocol."""
    if url.scheme not in _PORTS:
        raise httpx.UnsupportedProtocol(f"no http or https: {url.scheme!r}")
    return url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]


def outgoing(request: httpx.Request) -> Outgoing:
    """Take what is to be sent out of a request of httpx's."""
    common = Common(request.method, request.url, request.headers.raw)
    return Outgoing(common, (), request.read(), request.extensions.get("timeout", {}))


def asked(going: Outgoing) -> httpx.Request:
    """Make a request of httpx's of what is to be sent."""
    # A stream is taken as it is; for content, httpx would make all headers anew.
    return httpx.Request(
        going.common.method,
        going.common.url,
        headers=[*going.common.headers, *going.own],
        stream=httpx.ByteStream(going.body),
        extensions={"timeout": dict(going.seconds)},
    )


def _field(header: tuple[bytes, bytes]) -> bytes:
    return b"%s: %s" % header


def _lines(lines: list[bytes]) -> bytes:
    text = b"".join(lines)
    if _CR in text or _LF in text or _NUL in text:
        raise httpx.LocalProtocolError("a header of the request holds a line break")
    return b"\r\n".join([*lines, b""])
