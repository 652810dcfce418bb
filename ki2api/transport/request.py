"""A request in the form it goes out in."""

from collections.abc import Mapping, Sequence

import httpx
from msgspec import Struct

_SHORT = 16 * 1024
"""Bytes of a body that cost less to copy than to be written as a piece of their own."""


class Outgoing(Struct, frozen=True):
    """A request whose body is at hand; of httpx's own, nothing more is needed to send it."""

    method: str
    url: httpx.URL
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = b""
    seconds: Mapping[str, float | None] = {}
    """How long each part may stand still, by httpx's names: connect, write, read."""

    @property
    def bodiless(self) -> bool:
        """Whether its response has a head alone."""
        return self.method == "HEAD"

    def written(self) -> list[bytes]:
        """Return it as bytes, in one piece if it is short.

        Raises LocalProtocolError where a header breaks it.
        """
        lines = b"".join([b"%s: %s\r\n" % header for header in self.headers])
        first = b"%s %s HTTP/1.1\r\n" % (self.method.encode("ascii"), self.url.raw_path)
        head = b"%s%s\r\n" % (first, lines)
        ends = len(self.headers) + 2
        if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
            raise httpx.LocalProtocolError("a header of the request holds a line break")
        return [head + self.body] if len(self.body) <= _SHORT else [head, self.body]


def outgoing(request: httpx.Request) -> Outgoing:
    """Take what is to be sent out of a request of httpx's."""
    return Outgoing(
        request.method,
        request.url,
        request.headers.raw,
        request.read(),
        request.extensions.get("timeout", {}),
    )


def asked(going: Outgoing) -> httpx.Request:
    """Make a request of httpx's of what is to be sent."""
    # A stream is taken as it is; for content, httpx would make all headers anew.
    return httpx.Request(
        going.method,
        going.url,
        headers=list(going.headers),
        stream=httpx.ByteStream(going.body),
        extensions={"timeout": dict(going.seconds)},
    )
