"""Requests that two readers could read in two ways: none is answered but by one refusal.

Behind each one stands a second request: whoever finds another end than we do would answer it.
"""

import re
import socket
from typing import Any

import msgspec
import pytest

KEY = "ki2api-key-2024"
BODY = b'{"model": "claude-sonnet-4.5", "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]}'
SECOND = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


def post(*fields: bytes, version: bytes = b"1.1", path: bytes = b"%PATH%") -> bytes:
    """Write a head of a call with the right key, and these fields behind."""
    lines = [
        b"POST " + path + b" HTTP/" + version,
        b"Host: x",
        b"x-api-key: " + KEY.encode(),
        b"Content-Type: application/json",
        *fields,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"
CHUNK = b"%x\r\n%s\r\n" % (len(BODY), BODY)
END = b"0\r\n\r\n"

SHAPES = {
    # Two answers to the question where the body ends
    "a length and chunks": post(LENGTH, CHUNKED) + END,
    "chunks and a length": post(CHUNKED, LENGTH) + END,
    "two lengths": post(LENGTH, b"Content-Length: 5") + BODY,
    "two equal lengths": post(LENGTH, LENGTH) + BODY,
    "a list of lengths": post(b"Content-Length: 5, 5") + BODY,
    "a length with a sign": post(b"Content-Length: +5") + BODY,
    "a negative length": post(b"Content-Length: -5") + BODY,
    "a length in hex": post(b"Content-Length: 0x5") + BODY,
    "a length of two numbers": post(b"Content-Length: 5 5") + BODY,
    "an empty length": post(b"Content-Length: ") + BODY,
    "a length beyond any number": post(b"Content-Length: 99999999999999999999") + BODY,
    "a space before the colon": post(b"Content-Length : 5") + BODY,
    "a length in a trailer": post(CHUNKED) + CHUNK + b"0\r\nContent-Length: 5\r\n\r\n",
    # Encodings that only some readers know
    "chunked, then identity": post(b"Transfer-Encoding: chunked, identity") + END,
    "identity": post(b"Transfer-Encoding: identity") + END,
    "gzip, then chunked": post(b"Transfer-Encoding: gzip, chunked") + END,
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked") + END,
    "two fields of encodings": post(CHUNKED, b"Transfer-Encoding: identity") + END,
    "an unknown encoding": post(b"Transfer-Encoding: xchunked") + END,
    "a quoted encoding": post(b'Transfer-Encoding: "chunked"') + END,
    "an encoding with a parameter": post(b"Transfer-Encoding: chunked;q=1") + END,
    "an encoding after a control byte": post(b"Transfer-Encoding: \x0bchunked") + END,
    "an empty encoding": post(b"Transfer-Encoding: ") + END,
    "chunks in HTTP/1.0": post(CHUNKED, version=b"1.0") + END,
    "an encoding in a trailer": post(CHUNKED) + CHUNK + b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    # Chunks that are none
    "a chunk with a wrong end": post(CHUNKED) + CHUNK[:-2] + b"XX" + END,
    "a chunk that ends in LF": post(CHUNKED) + CHUNK[:-2] + b"\n" + END,
    "a size that ends in LF": post(CHUNKED) + b"5\n{}   \r\n" + END,
    "an extension that ends in LF": post(CHUNKED) + b"5;a\n{}   \r\n" + END,
    "a negative size": post(CHUNKED) + b"-5\r\n{}   \r\n" + END,
    "a size with 0x": post(CHUNKED) + b"0x5\r\n{}   \r\n" + END,
    "a space before a size": post(CHUNKED) + b" 5\r\n{}   \r\n" + END,
    "an empty size": post(CHUNKED) + b"\r\n{}   \r\n" + END,
    "a size beyond any number": post(CHUNKED) + b"f" * 17 + b"\r\n{}   \r\n" + END,
    "a control byte in an extension": post(CHUNKED) + b"5;a\0=b\r\n{}   \r\n" + END,
    "a flood of extensions": post(CHUNKED) + (b"1;" + b"x" * 2000 + b"\r\n \r\n") * 100 + END,
    "a flood of trailers": post(CHUNKED) + CHUNK + b"0\r\n" + b"A: b\r\n" * 150 + b"\r\n",
    # Heads that can be read in two ways
    "two hosts": post(b"Host: y", LENGTH) + BODY,
    "no host": post(LENGTH).replace(b"Host: x\r\n", b"") + BODY,
    "a folded field": post(b"X: a\r\n b", LENGTH) + BODY,
    "a folded encoding": post(b"Transfer-Encoding:\r\n chunked") + END,
    "a field that begins with a space": post(LENGTH).replace(b"Host", b" Host") + BODY,
    "lines that end in LF": post(LENGTH).replace(b"\r\n", b"\n") + BODY,
    "one line that ends in LF": post(b"X: a\nY: b", LENGTH) + BODY,
    "a line that ends in CR": post(b"X: a\rY: b", LENGTH) + BODY,
    "a NUL in a value": post(b"X: a\0b", LENGTH) + BODY,
    "a control byte in a value": post(b"X: a\x01b", LENGTH) + BODY,
    "a DEL in a value": post(b"X: a\x7fb", LENGTH) + BODY,
    "a NUL in a name": post(b"X\0: a", LENGTH) + BODY,
    "a byte beyond ASCII in a name": post(b"X\xe9: a", LENGTH) + BODY,
    "an empty name": post(b": a", LENGTH) + BODY,
    "a field without a colon": post(b"abc", LENGTH) + BODY,
    # Targets and versions
    "another host in the target": post(LENGTH, path=b"http://evil.example%PATH%") + BODY,
    "a user in the target": post(LENGTH, path=b"http://a@x%PATH%") + BODY,
    "a fragment": post(LENGTH, path=b"%PATH%#a") + BODY,
    "an HTTP/2 in words": post(LENGTH, version=b"2.0") + BODY,
    "an unknown version": post(LENGTH, version=b"1.2") + BODY,
    "a version without a dot": post(LENGTH, version=b"11") + BODY,
    "a space in the target": post(LENGTH, path=b"%PATH% x") + BODY,
}
WITHOUT_PATH = {
    "HTTP/0.9": b"GET /health\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a proxy's CONNECT": b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target without a slash": b"GET health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a star": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in the target": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method of nobody's": b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n",
}
HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) ?[^\r]*\r\n")


def answers(url: str, sent: bytes) -> bytes:
    """Send, and read to the end of the connection."""
    host, port = url.removeprefix("http://").split(":")
    told = b""
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        wire.sendall(sent)
        while piece := wire.recv(65536):
            told += piece
    return told


def only_refusal(told: bytes) -> Any:
    """Return the body of what must be one refusal of ours, after which the connection closes."""
    (status,) = HEAD.findall(told)
    assert status.startswith(b"4"), told
    head, _, body = told.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert b"x-request-id: req_" in head
    return msgspec.json.decode(body)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
def test_a_request_of_two_meanings_has_one_answer_a_refusal_in_its_dialect(
    house: Any, path: str
) -> None:
    gateway, simulator = house
    before = len(simulator.requests)
    for name, shape in SHAPES.items():
        refused = only_refusal(
            answers(gateway.url, shape.replace(b"%PATH%", path.encode()) + SECOND)
        )
        assert refused["error"]["type"] == "invalid_request_error", name
        assert (refused.get("type") == "error") == (path == "/v1/messages"), name
    assert len(simulator.requests) == before
    assert "Traceback" not in gateway.text


def test_what_is_no_request_has_one_answer_too(house: Any) -> None:
    gateway, _ = house
    for name, shape in WITHOUT_PATH.items():
        refused = only_refusal(answers(gateway.url, shape + SECOND))
        assert refused["error"]["type"] == "invalid_request_error", name


def test_a_second_request_that_was_sent_along_is_not_answered(house: Any) -> None:
    gateway, _ = house
    for shape in (
        SECOND + SECOND,
        SECOND + b"garbage\r\n\r\n",
        post(b"Content_Length: 5", path=b"/v1/messages") + b"GET /health",
        post(LENGTH, path=b"/v1/messages") + BODY + SECOND,
    ):
        assert len(HEAD.findall(answers(gateway.url, shape))) == 1


def test_a_path_with_this_host_before_it_is_a_path(house: Any) -> None:
    gateway, _ = house
    shape = (
        b"GET http://x.localhost/health HTTP/1.1\r\nHost: X.localhost\r\nConnection: close\r\n\r\n"
    )
    assert HEAD.findall(answers(gateway.url, shape)) == [b"200"]
