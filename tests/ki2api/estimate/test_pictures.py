from base64 import b64encode
from struct import pack

import pytest

from ki2api.estimate.pictures import UNKNOWN, picture_tokens

PNG = b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", 560, 280) + b"\x08\x02\0\0\0"
GIF = b"GIF89a" + pack("<HH", 560, 280) + bytes(40)
VP8X = (
    b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (559).to_bytes(3, "little") + (279).to_bytes(3, "little")
)
VP8L = b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + (559 | 279 << 14).to_bytes(4, "little") + bytes(20)
VP8 = b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + pack("<HH", 560, 280) + bytes(20)
SEGMENT = b"\xff\xe1" + pack(">H", 30_000) + bytes(29_998)
JPEG = b"\xff\xd8" + SEGMENT + b"\xff\xc2" + pack(">HBHH", 17, 8, 280, 560) + bytes(40)


def base64(data: bytes) -> str:
    return b64encode(data).decode()


@pytest.mark.parametrize("data", [PNG, GIF, VP8X, VP8L, VP8, JPEG])
def test_the_size_stands_in_the_head(data: bytes) -> None:
    assert picture_tokens(base64(data), "claude") == 20 * 10


@pytest.mark.parametrize(
    "data",
    [
        "",
        "x",
        "é" * 40,
        "!!!!",
        base64(b"BM" * 40),
        base64(JPEG[:60]),
        base64(VP8[:12] + bytes(40)),
        base64(b"\xff\xd8\xff\xd9"),
    ],
)
def test_a_size_that_cannot_be_read_is_an_average(data: str) -> None:
    assert picture_tokens(data, "claude") == UNKNOWN


def test_a_large_picture_is_scaled_down() -> None:
    large = base64(PNG[:16] + pack(">II", 8_000, 6_000) + bytes(20))
    assert picture_tokens(large, "claude") == 1_600
    assert picture_tokens(large, "claude-4.7") == 4_000
