"""Responses on a connection to Kiro: any bytes, however cut, are read alike or refused.

The first byte of an input says how long the pieces are, and by its highest bit that a body is not
to be expected.
"""

import httpx

from ki2api.transport.incoming import Incoming
from ki2api.transport.responses import LARGEST_HEAD, Responses, is_framed, kept_for
from tests.fuzz.mutation import mutate_bytes

WORDS = ("ki2api/transport", "tests/fuzz/targets/responses.py")
_WORTH_TRYING = ["HTTP/1.1 200 OK", "HTTP/1.0 ", "100 Continue", "101 ", "content-length: 5",
                 "transfer-encoding: chunked", "connection: close", "upgrade: h2c"]  # fmt: skip
mutate = mutate_bytes


class Nowhere:
    """A connection that may be given up."""

    def abandon(self) -> None:
        """Nothing is open."""

    def read_on(self) -> None:
        """Nothing was stopped."""


def check(data: bytes) -> None:
    """Read a response at once and in pieces, and then what may follow it."""
    how, stream = (data[0] if data else 0), data[1:]
    size, bodiless = how % 128 or 1, how > 127
    whole = read([stream], bodiless=bodiless)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert read(pieces, bodiless=bodiless) == whole


def read(pieces: list[bytes], *, bodiless: bool) -> tuple[object, ...]:
    """Return all that was read up to the end, or the fault."""
    incoming, responses, fault = Incoming(Nowhere()), Responses(), False
    responses.expect(incoming, bodiless=bodiless)
    for piece in pieces:
        if incoming.ended or fault:
            break
        fault = not fed(responses, piece)
    body = b"".join(incoming.pieces)
    assert incoming.status or not (incoming.ended or body)
    assert len(body) <= sum(map(len, pieces))
    assert kept_for(incoming.headers) >= 0
    assert sum(len(n) + len(v) for n, v in incoming.headers) <= LARGEST_HEAD
    framed = is_framed(incoming.headers)
    # Whether what follows the end in the same read is a fault depends on the cut.
    return (
        incoming.status,
        incoming.headers,
        body,
        framed,
        incoming.ended,
        fault and not incoming.ended,
    )


def fed(responses: Responses, piece: bytes) -> bool:
    """Give bytes to the parser, which may find them none of HTTP/1.1."""
    try:
        responses.feed(piece)
    except httpx.RemoteProtocolError:
        return False
    return True
