"""What a picture's own bytes say of it: its format, and its width and height in pixels."""

import struct
from typing import NamedTuple

from ki2api.conversation import ImageFormat
from ki2api.kiro.magic import image_format

Size = tuple[int, int]

# Segments of a JPEG without a length, and those that open a frame (ITU-T T.81, table B.1).
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA
_MOST_SEGMENTS = 1_000
"""Real pictures have some dozens before their frame; a made one could have millions."""


class Picture(NamedTuple):
    """A picture by its magic bytes; `size` is None where the bytes do not tell it."""

    format: ImageFormat
    size: Size | None


def look_at(data: bytes) -> Picture | None:
    """Tell what these bytes are, or None if they are no picture that Kiro takes."""
    match image_format(data):
        case None:
            return None
        case "png":
            return Picture("png", _pair(">II", data, 16))
        case "jpeg":
            return Picture("jpeg", _jpeg_size(data))
        case "gif":
            return Picture("gif", _pair("<HH", data, 6))
        case _:
            return Picture("webp", _webp_size(data))


def _pair(layout: str, data: bytes, at: int) -> Size | None:
    try:
        width, height = struct.unpack_from(layout, data, at)
    except struct.error:
        return None
    return width, height


def _jpeg_size(data: bytes) -> Size | None:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        kind = data[at + 1] if data[at : at + 1] == b"\xff" and at + 1 < len(data) else _SCAN
        if kind in _FRAMES:
            turned = _pair(">HH", data, at + 5)
            return turned and (turned[1], turned[0])
        if kind == _SCAN:
            break
        if kind == 0xFF:  # noqa: PLR2004 - padding between two segments
            at += 1
        elif kind in _BARE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _webp_size(data: bytes) -> Size | None:
    match data[12:16]:
        case b"VP8X" if len(data) >= 30:  # noqa: PLR2004 - the canvas stands in bytes 24 to 29
            width, height = data[24:27], data[27:30]
            return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
        case b"VP8L" if len(data) >= 25:  # noqa: PLR2004 - 14 bits each in bytes 21 to 24
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            sides = _pair("<HH", data, 26)
            return sides and (sides[0] & 0x3FFF, sides[1] & 0x3FFF)
        case _:
            return None
