from struct import pack

import pytest

from ki2api.kiro.rules.picture import Picture, look_at

PNG = b"\x89PNG\r\n\x1a\n"
APP0 = b"\xff\xe0\x00\x04ab"
FRAME = b"\xff\xc2\x00\x11\x08" + pack(">HH", 480, 640)


def webp(kind: bytes, rest: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + bytes(4) + rest


@pytest.mark.parametrize(
    ("data", "picture"),
    [
        (PNG + bytes(8) + pack(">II", 640, 480), Picture("png", (640, 480))),
        (PNG, Picture("png", None)),
        (b"GIF89a" + pack("<HH", 640, 480), Picture("gif", (640, 480))),
        (b"GIF87a", Picture("gif", None)),
        (b"\xff\xd8" + APP0 + FRAME, Picture("jpeg", (640, 480))),
        (b"\xff\xd8\xff\xff" + APP0[1:] + b"\xff\xd0" + FRAME, Picture("jpeg", (640, 480))),
        (b"\xff\xd8" + FRAME[:6], Picture("jpeg", None)),
        (b"\xff\xd8" + APP0, Picture("jpeg", None)),
        (b"\xff\xd8\xff", Picture("jpeg", None)),
        (b"\xff\xd8" + APP0 + b"\xff\xda" + FRAME, Picture("jpeg", None)),
        (b"\xff\xd8" + APP0 + b"no marker", Picture("jpeg", None)),
        (b"\xff\xd8" + b"\xff" * 5_000 + FRAME[1:], Picture("jpeg", None)),
        (webp(b"VP8X", bytes(4) + b"\x7f\x02\0\xdf\x01\0"), Picture("webp", (640, 480))),
        (webp(b"VP8L", b"\x2f" + pack("<I", 639 | 479 << 14)), Picture("webp", (640, 480))),
        (webp(b"VP8 ", bytes(6) + pack("<HH", 640, 480)), Picture("webp", (640, 480))),
        (webp(b"VP8 ", b""), Picture("webp", None)),
        (webp(b"VP8X", b""), Picture("webp", None)),
        (webp(b"else", b""), Picture("webp", None)),
        (b"BM", None),
        (b"RIFF\0\0\0\0AVI ", None),
    ],
)
def test_the_bytes_tell_format_and_size(data: bytes, picture: Picture | None) -> None:
    assert look_at(data) == picture
