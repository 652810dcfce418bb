"""What the bytes of a picture say of themselves."""

from struct import pack

import pytest

from ki2api.simulator.picture import Picture, look_at


@pytest.mark.parametrize(
    ("data", "picture"),
    [
        (b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", 640, 480), Picture("png", (640, 480))),
        (b"\x89PNG\r\n\x1a\n", Picture("png")),
        (b"GIF89a" + pack("<HH", 7, 9), Picture("gif", (7, 9))),
        (b"GIF87a", Picture("gif")),
        (b"\xff\xd8\xff\xe0", Picture("jpeg")),
        (b"RIFF\0\0\0\0WEBP", Picture("webp")),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"", None),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(data: bytes, picture: Picture | None) -> None:
    assert look_at(data) == picture
