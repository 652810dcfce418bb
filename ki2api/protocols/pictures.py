"""Pictures as the dialects send them: base64 with its type, a data: URL, or an address."""

import re
from collections.abc import Iterator

from ki2api.conversation import ImageLinkPart, ImagePart
from ki2api.protocols.fields import IMAGE_FORMATS
from ki2api.protocols.reading import Unserved

DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?:;[^;,]*)*;base64,(?P<data>.*)", re.DOTALL)
_SCHEMES = ("https://", "http://")


def picture(
    url: str, at: str, url_at: str, unserved: Unserved
) -> Iterator[ImagePart | ImageLinkPart]:
    """Read a picture of one URL; what it links to is left to a stage that may fetch."""
    found = DATA_URL.fullmatch(url)
    if found:
        yield from encoded(found["type"], found["data"], at, url_at, unserved)
    elif url[: len(_SCHEMES[0])].lower().startswith(_SCHEMES):
        yield ImageLinkPart(url, url_at)
    else:
        unserved.found(url_at, "a picture is a data: URL in base64, or an https:// address")


def encoded(
    media_type: str, data: str, at: str, type_at: str, unserved: Unserved
) -> Iterator[ImagePart]:
    """Read a picture that is in the body itself."""
    image_format = IMAGE_FORMATS.get(media_type.lower())
    if image_format is None:
        unserved.found(type_at, f"pictures of type {media_type!r} are not supported")
    else:
        yield ImagePart(image_format, data, at)
