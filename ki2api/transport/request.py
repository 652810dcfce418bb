"""A request in the form it goes out in."""

import httpx
from msgspec import Struct


class Outgoing(Struct, frozen=True):
    """A request as bytes, and how long its sending and its answer may stand still."""

    pieces: list[bytes]
    bodiless: bool
    """Whether its response has a head alone."""
    write_seconds: float | None
    read_seconds: float | None


def outgoing(request: httpx.Request) -> Outgoing:
    """Write a request whose body is at hand; raises LocalProtocolError where a header breaks it."""
    lines = [b"%s: %s\r\n" % header for header in request.headers.raw]
    method = request.method.encode("ascii")
    head = b"".join([b"%s %s HTTP/1.1\r\n" % (method, request.url.raw_path), *lines, b"\r\n"])
    ends = len(lines) + 2
    if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
        raise httpx.LocalProtocolError("a header of the request holds a line break")
    body = request.read()
    return Outgoing(
        [head, body] if body else [head],
        method == b"HEAD",
        seconds_for(request, "write"),
        seconds_for(request, "read"),
    )


def seconds_for(request: httpx.Request, what: str) -> float | None:
    """Return how long a part of a request may take, None for any time."""
    seconds: float | None = request.extensions.get("timeout", {}).get(what)
    return seconds
