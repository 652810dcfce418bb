"""What the bytes of a picture say of themselves: their format, and the size where it is cheap."""

from struct import unpack_from

from msgspec import Struct

_PNG = b"\x89PNG\r\n\x1a\n"
_GIFS = (b"GIF87a", b"GIF89a")
_JPEG = b"\xff\xd8\xff"
_PNG_HEAD, _GIF_HEAD = 24, 10


class Picture(Struct, frozen=True):
    """A picture's format by its magic bytes; `size` is width and height in pixels if known."""

    format: str
    size: tuple[int, int] | None = None


def look_at(data: bytes) -> Picture | None:
    """Tell what picture these bytes are, or None if they are none that the service knows."""
    if data.startswith(_PNG):
        return Picture("png", _pair(">II", data, 16) if len(data) >= _PNG_HEAD else None)
    if data.startswith(_GIFS):
        return Picture("gif", _pair("<HH", data, 6) if len(data) >= _GIF_HEAD else None)
    if data.startswith(_JPEG):
        return Picture("jpeg")
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Picture("webp")
    return None


def _pair(layout: str, data: bytes, at: int) -> tuple[int, int]:
    width, height = unpack_from(layout, data, at)
    return width, height
