"""AWS event-stream framing: bytes in, frames out, both checksums checked.

Layout (kiro-protocol §4.1; the public AWS event-stream encoding): a prelude of total length,
header length and the CRC-32 of these eight bytes; the headers; the payload; the CRC-32 of all that
came before. Integers are big-endian. A read may end anywhere, also inside a UTF-8 sequence.
"""

from collections.abc import Mapping
from struct import Struct, error as StructError
from zlib import crc32

import msgspec

from ki2api.errors import UpstreamDisconnected, UpstreamGarbled

MAX_FRAME = 24 * 1024 * 1024
"""Bytes; the limit of the encoding's specification for a payload."""
MIN_FRAME = 16
_PRELUDE = Struct(">III")
_U16 = Struct(">H")
_U32 = Struct(">I")
_REMEMBERED = 64
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_STRING, _BYTES = 7, 6


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message of the stream. Only string headers are kept: Kiro sends no others."""

    headers: Mapping[str, str]
    payload: bytes


class Decoder:
    """Turns a byte stream into frames.

    Frames of one kind repeat their header block byte for byte, so parsed blocks are remembered.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._known: dict[bytes, Mapping[str, str]] = {}

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes and return the frames they complete; raises UpstreamGarbled."""
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        start, size = 0, len(buffer)
        while size - start >= _PRELUDE.size:
            total, head, prelude_crc = _PRELUDE.unpack_from(buffer, start)
            if crc32(buffer[start : start + 8]) != prelude_crc:
                raise UpstreamGarbled("Kiro's stream has a frame with a wrong prelude checksum.")
            if not MIN_FRAME <= total <= MAX_FRAME or head > total - MIN_FRAME:
                raise UpstreamGarbled("Kiro's stream has a frame of an impossible length.")
            if size - start < total:
                break
            frames.append(self._frame(buffer, start, total, head))
            start += total
        del buffer[:start]
        return frames

    def finish(self) -> None:
        """Say that no more bytes come; raises UpstreamDisconnected inside a frame."""
        if self._buffer:
            raise UpstreamDisconnected("Kiro's stream broke off in the middle of a frame.")

    def _frame(self, buffer: bytearray, start: int, total: int, head: int) -> Frame:
        end = start + total - 4
        with memoryview(buffer) as view:
            if crc32(view[start:end]) != _U32.unpack_from(buffer, end)[0]:
                raise UpstreamGarbled("Kiro's stream has a frame with a wrong checksum.")
            block = bytes(view[start + 12 : start + 12 + head])
            payload = bytes(view[start + 12 + head : end])
        headers = self._known.get(block)
        if headers is None:
            headers = _headers(block)
            if len(self._known) < _REMEMBERED:
                self._known[block] = headers
        return Frame(headers, payload)


def _headers(block: bytes) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    at = 0
    try:
        while at < len(block):
            name_end = at + 1 + block[at]
            name = block[at + 1 : name_end].decode("ascii")
            kind = block[name_end]
            at = name_end + 1
            if kind in (_STRING, _BYTES):
                (length,) = _U16.unpack_from(block, at)
                at += 2
                if kind == _STRING:
                    headers[name] = _whole(block, at, length).decode()
                at += length
            else:
                at += _SIZES[kind]
    except (LookupError, ValueError, StructError) as error:
        raise UpstreamGarbled("Kiro's stream has a frame with broken headers.") from error
    if at != len(block):
        raise UpstreamGarbled("Kiro's stream has a frame with broken headers.")
    return headers


def _whole(block: bytes, at: int, length: int) -> bytes:
    if at + length > len(block):
        raise ValueError("a header runs over the end of its block")
    return block[at : at + length]


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Write one frame with string headers, in the order given."""
    block = b"".join(
        bytes([len(name)]) + name.encode("ascii") + b"\x07" + _U16.pack(len(raw)) + raw
        for name, raw in ((name, value.encode()) for name, value in headers.items())
    )
    prelude = Struct(">II").pack(len(block) + len(payload) + MIN_FRAME, len(block))
    message = prelude + _U32.pack(crc32(prelude)) + block + payload
    return message + _U32.pack(crc32(message))
