"""What the bytes of a document say of themselves: format, pages, and whether it is locked.

Pages are counted where a PDF names them in plain; those in compressed objects stay uncounted.
"""

import re

from msgspec import Struct

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PAGE = re.compile(rb"/Type\s*/Page\b")
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_WORDS = {"csv", "html", "md", "txt"}
_ZIPPED = {"docx": b"word/", "xlsx": b"xl/"}
_OLD = {"doc": "WordDocument".encode("utf-16-le"), "xls": "ook".encode("utf-16-le")}


class Paper(Struct, frozen=True):
    """A document as it was found."""

    pages: int = 0
    locked: bool = False


def look_into(data: bytes, declared: str) -> Paper | None:
    """Tell what a document of this format is like, or None if its bytes are of another."""
    if declared in _WORDS:
        return None if data.startswith((b"%PDF-", _ZIP, _OLE)) else Paper()
    if declared == "pdf":
        pages = len(_PAGE.findall(data))
        return Paper(pages, b"/Encrypt" in data) if b"%PDF-" in data[:1024] else None
    if data.startswith(_OLE) and _LOCKED in data:
        return Paper(locked=True)
    head, inside = (_ZIP, _ZIPPED[declared]) if declared in _ZIPPED else (_OLE, _OLD[declared])
    return Paper() if data.startswith(head) and inside in data else None
