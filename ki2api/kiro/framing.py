"""AWS event-stream framing: bytes in, frames out, both checksums checked.

Layout (docs/kiro.md §4.1; the public AWS event-stream encoding): a prelude of total length,
header length and the CRC-32 of these eight bytes; the headers; the payload; the CRC-32 of all that
came before. Integers are big-endian. A read may end anywhere, also inside a UTF-8 sequence.
"""

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias
from zlib import crc32

import msgspec

from ki2api.errors import UpstreamDisconnected, UpstreamGarbled

MAX_FRAME = 24 * 1024 * 1024
"""Bytes; the limit of the encoding's specification for a payload."""
MAX_HEADERS = 128 * 1024
MIN_FRAME = 16
_PRELUDE = struct.Struct(">III")
_LENGTHS = 8
"""Bytes of the prelude that its checksum is of."""
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")
_KINDS = 64
"""Blocks of headers that are remembered."""
_REMEMBERED = 1_024
"""Beginnings that are, at some 600 bytes each."""
_LONGEST_REMEMBERED = 512
"""Bytes; the real ones have some ninety."""
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_STRING, _BYTES = 7, 6


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message of the stream. Only string headers are kept: Kiro sends no others."""

    headers: Mapping[str, str]
    payload: bytes


_Beginning: TypeAlias = tuple[
    int, int, Callable[[bytes, int], tuple[Any, ...]], int, Mapping[str, str] | None
]
"""How long a frame is, how much of that are prelude and headers, what reads the payload and the
checksum behind these, their own checksum, and the headers, if they were read before."""

_known: dict[bytes, _Beginning] = {}
"""Beginnings as they came: frames of one kind and length repeat theirs, also in other replies."""


class Decoder:
    """Turns a byte stream into frames.

    What has come is joined only when it is enough to go on: reads may be a byte each.
    """

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0
        self._wanted = 0
        self._begun = _PRELUDE.size
        """The length of the last beginning, which the next one has most likely too."""
        self._fault: UpstreamGarbled | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes and return the frames they complete; raises UpstreamGarbled.

        Good frames before a bad one come first, however the reads were cut: then the next call
        raises.
        """
        if self._fault:
            raise self._fault
        if self._chunks:
            self._chunks.append(data)
            self._size += len(data)
            if self._size < self._wanted:
                return []
            data = b"".join(self._chunks)
            self._chunks = []
        frames: list[Frame] = []
        try:
            self._take(data, frames)
        except UpstreamGarbled as fault:
            self._fault = fault
            if not frames:
                raise
        return frames

    def finish(self) -> None:
        """Say that no more bytes come; raises UpstreamDisconnected inside a frame."""
        if self._fault:
            raise self._fault
        if self._chunks:
            raise UpstreamDisconnected("Kiro's stream broke off in the middle of a frame.")

    def _take(self, buffer: bytes, frames: list[Frame]) -> None:
        # One loop without a call of ours for each frame: this is where a burst spends its time.
        start, end, begun = 0, len(buffer), self._begun
        while start < end:
            beginning = _known.get(buffer[start : start + begun]) or _begun(buffer, start)
            if beginning is None:
                self._wait(buffer[start:], _PRELUDE.size)
                break
            total, begun, rest, crc, headers = beginning
            after = start + total
            if after > end:
                self._wait(buffer[start:], total)
                break
            payload, checksum = rest(buffer, start + begun)
            if crc32(payload, crc) != checksum:
                raise UpstreamGarbled("Kiro's stream has a frame with a wrong checksum.")
            if headers is None:
                headers = _learnt(buffer[start : start + begun], beginning)
            frames.append(Frame(headers, payload))
            start = after
        self._begun = begun

    def _wait(self, chunk: bytes, wanted: int) -> None:
        self._chunks, self._size, self._wanted = [chunk], len(chunk), wanted


def _begun(buffer: bytes, start: int) -> _Beginning | None:
    """Read a prelude, if it has come as a whole, whether or not the headers have."""
    if len(buffer) - start < _PRELUDE.size:
        return None
    total, head, checksum = _PRELUDE.unpack_from(buffer, start)
    begun = _PRELUDE.size + head
    if head <= _LONGEST_REMEMBERED and (known := _known.get(buffer[start : start + begun])):
        return known
    if crc32(buffer[start : start + _LENGTHS]) != checksum:
        raise UpstreamGarbled("Kiro's stream has a frame with a wrong prelude checksum.")
    if not MIN_FRAME <= total <= MAX_FRAME or head > min(total - MIN_FRAME, MAX_HEADERS):
        raise UpstreamGarbled("Kiro's stream has a frame of an impossible length.")
    rest = struct.Struct(f">{total - begun - _U32.size}sI").unpack_from
    return total, begun, rest, crc32(buffer[start : start + begun]), None


def _learnt(raw: bytes, beginning: _Beginning) -> Mapping[str, str]:
    block = raw[_PRELUDE.size :]
    if len(block) > _LONGEST_REMEMBERED:
        return _headers(block)
    if len(_known) >= _REMEMBERED:
        _known.clear()
    headers = _headers_again(block)
    _known[raw] = *beginning[:-1], headers
    return headers


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
                if kind == _STRING:  # one that runs over the end is refused below
                    headers[name] = block[at : at + length].decode()
                at += length
            else:
                at += _SIZES[kind]
    except (LookupError, ValueError, struct.error) as error:
        raise UpstreamGarbled("Kiro's stream has a frame with broken headers.") from error
    if at != len(block):
        raise UpstreamGarbled("Kiro's stream has a frame with broken headers.")
    return headers


# Frames of one kind have one block, whatever their lengths.
_headers_again = lru_cache(maxsize=_KINDS)(_headers)


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Write one frame with string headers, in the order given."""
    block = b"".join(
        bytes([len(name)]) + name.encode("ascii") + b"\x07" + _U16.pack(len(raw)) + raw
        for name, raw in ((name, value.encode()) for name, value in headers.items())
    )
    prelude = struct.Struct(">II").pack(len(block) + len(payload) + MIN_FRAME, len(block))
    message = prelude + _U32.pack(crc32(prelude)) + block + payload
    return message + _U32.pack(crc32(message))
