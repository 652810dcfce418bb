"""What a file is by its bytes, whatever it was declared as."""

from typing import TypeAlias

from ki2api.conversation import ImageFormat

_Marks: TypeAlias = tuple[bytes, ...]

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF_WITHIN = 1024
"""Readers of PDF look for its mark in so many bytes (ISO 32000-1, annex H)."""

# A container is known by the names of what is in it; those of OLE are UTF-16.
_CONTAINERS: tuple[tuple[bytes, str, _Marks], ...] = (
    (_ZIP, "docx", (b"word/",)),
    (_ZIP, "xlsx", (b"xl/",)),
    (_OLE, "doc", ("WordDocument".encode("utf-16-le"),)),
    (_OLE, "xls", ("Workbook".encode("utf-16-le"), "\x00Book".encode("utf-16-le"))),
)


def image_format(head: bytes) -> ImageFormat | None:
    """Tell the format of a picture by its first bytes."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    return None


def binary_document(content: bytes) -> str | None:
    """Tell which of the formats that are no text a document has."""
    if b"%PDF-" in content[:_PDF_WITHIN]:
        return "pdf"
    for head, kind, marks in _CONTAINERS:
        if content.startswith(head) and any(mark in content for mark in marks):
            return kind
    return None
