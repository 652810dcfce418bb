"""However its bytes are cut, a response is read alike."""

from dataclasses import dataclass
from itertools import pairwise

import httpx
from hypothesis import given
from hypothesis import strategies as st

from ki2api.transport.incoming import Incoming
from ki2api.transport.responses import Responses, is_framed, kept_for

INTERIM = st.sampled_from(
    [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 x\r\na: b\r\n\r\n"]
)
PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
LENGTH, CHUNKED = (b"content-length", b""), (b"transfer-encoding", b"chunked")
FRAMINGS = st.sampled_from([LENGTH, CHUNKED])
CUTS = st.lists(st.integers(0, 400), max_size=12)


class Nowhere:
    def abandon(self) -> None: ...
    def read_on(self) -> None: ...


@dataclass
class Read:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    ended: bool


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(place for place in cuts if place < len(data)), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


def read(responses: Responses, data: bytes, cuts: list[int]) -> Read:
    incoming = Incoming(Nowhere())
    responses.expect(incoming, bodiless=False)
    for piece in cut(data, cuts):
        responses.feed(piece)
    return Read(incoming.status, incoming.headers, b"".join(incoming.pieces), incoming.ended)


@given(INTERIM, PIECES, FRAMINGS, CUTS, CUTS)
def test_a_response_is_read_alike_however_it_is_cut(
    interim: bytes,
    pieces: list[bytes],
    framing: tuple[bytes, bytes],
    first: list[int],
    second: list[int],
) -> None:
    body = b"".join(pieces)
    sent = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    if framing == LENGTH:
        framing, sent = (LENGTH[0], b"%d" % len(body)), body
    data = interim + b"HTTP/1.1 200 OK\r\nx-a: b\r\n%s: %s\r\n\r\n" % framing + sent
    expected = Read(200, [(b"x-a", b"b"), framing], body, ended=True)
    responses = Responses()
    for cuts in (first, second):  # one connection reads one after another
        assert read(responses, data, cuts) == expected
        assert not responses.last


@given(st.binary(max_size=400), CUTS)
def test_bytes_of_any_kind_are_read_or_refused(data: bytes, cuts: list[int]) -> None:
    try:
        seen = read(Responses(), data, cuts)
    except httpx.RemoteProtocolError:
        return
    assert seen.ended <= bool(seen.status)


@given(CUTS, st.integers(0, 80))
def test_a_response_that_is_cut_off_has_not_ended(cuts: list[int], end: int) -> None:
    data = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert not read(Responses(), data[: min(end, len(data) - 1)], cuts).ended


def test_what_ends_with_its_connection_is_not_framed() -> None:
    assert is_framed([(b"Content-Length", b"5")])
    assert is_framed([(b"transfer-encoding", b"gzip, Chunked")])
    assert not is_framed([(b"transfer-encoding", b"gzip"), (b"x", b"chunked")])


def test_a_server_says_how_long_it_keeps_a_connection() -> None:
    assert kept_for([(b"Keep-Alive", b"timeout=5, max=100")]) == 5
    assert kept_for([(b"x", b"timeout=5"), (b"keep-alive", b"max=100")]) == float("inf")
