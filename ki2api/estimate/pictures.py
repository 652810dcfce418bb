"""Tokens of pictures, by the size that their first bytes tell; nothing is decoded."""

from binascii import Error, a2b_base64

from ki2api.estimate.families import Family

UNKNOWN = 1_500
"""Tokens of a picture whose size cannot be read."""
_PATCH = 28
"""Pixels: a token covers a square of these (measured on Claude 4.5 and 5.5 by others, 2026)."""
# What larger pictures are scaled down to, in tokens; that of o200k is a guess.
_MOST: dict[Family, int] = {"claude": 1_600, "claude-4.7": 4_000, "o200k": 3_000}
_HEAD = 64
_JPEG_HEAD = 131_072
"""Characters of base64: a JPEG may begin with notes and a small picture of itself."""
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG that are followed by its size."""


def picture_tokens(data: str, family: Family) -> int:
    """Estimate the tokens of a picture, given as base64."""
    width, height = _size(data)
    patches = -(-width // _PATCH) * -(-height // _PATCH)
    return min(patches, _MOST[family]) or UNKNOWN


def _size(data: str) -> tuple[int, int]:
    """Return width and height in pixels; zeros where they cannot be read."""
    head = _bytes(data[:_HEAD])
    if head.startswith(_PNG):
        return _big(head[16:20]), _big(head[20:24])
    if head.startswith(b"GIF8"):
        return _little(head[6:8]), _little(head[8:10])
    if head[8:12] == b"WEBP":
        return _webp(head)
    return _jpeg(_bytes(data[:_JPEG_HEAD])) if head.startswith(_JPEG) else (0, 0)


def _webp(head: bytes) -> tuple[int, int]:
    """Read one of the three forms that a WebP has."""
    match head[12:16]:
        case b"VP8X":
            return _little(head[24:27]) + 1, _little(head[27:30]) + 1
        case b"VP8L":
            bits = _little(head[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
        case _:
            return 0, 0


def _jpeg(data: bytes) -> tuple[int, int]:
    """Walk over the segments to the one that tells the size."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - what every marker begins with
        if data[at + 1] in _FRAMES:
            return _big(data[at + 7 : at + 9]), _big(data[at + 5 : at + 7])
        at += 2 + _big(data[at + 2 : at + 4])
    return 0, 0


def _bytes(data: str) -> bytes:
    try:
        return a2b_base64(data.encode("ascii", "replace"))
    except Error:
        return b""


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
