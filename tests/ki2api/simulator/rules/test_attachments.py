"""Images and documents are refused with the reasons that the service has for them."""

from base64 import b64encode
from struct import pack
from typing import Any

import pytest

from ki2api.simulator.rules import violations

Body = dict[str, Any]
_JPEG = b"\xff\xd8\xff\xe0rest"
_LARGE = 10 * 1024 * 1024


def _png(width: int = 2, height: int = 3, padding: int = 0) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", width, height) + b"\0" * padding


def _image(data: bytes, format_: str = "png") -> Body:
    return {"format": format_, "source": {"bytes": b64encode(data).decode()}}


def _document(data: bytes = b"words", **other: Any) -> Body:
    source = {"bytes": b64encode(data).decode()}
    return {"name": "notes", "format": "txt", "source": source, **other}


def _with(body: Body, model: str = "claude-sonnet-4.5", **members: Any) -> Body:
    message = body["conversationState"]["currentMessage"]["userInputMessage"]
    message.update(modelId=model, **members)
    return body


def _reasons(body: Body) -> list[str | None]:
    return [violation.reason for violation in violations(body)]


@pytest.mark.parametrize(
    "image",
    [
        _image(_png()),
        _image(_JPEG, "jpeg"),
        _image(b"GIF89a\x02\x00\x03\x00", "gif"),
        _image(b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
    ],
)
def test_a_picture_whose_bytes_are_what_it_says_is_accepted(image: Body, minimal: Body) -> None:
    assert _reasons(_with(minimal, images=[image])) == []


@pytest.mark.parametrize(
    ("reason", "images"),
    [
        ("IMAGE_COUNT_EXCEEDED", [_image(_png())] * 11),
        ("IMAGE_MIME_MISMATCH", [_image(_JPEG)]),
        ("IMAGE_FORMAT_UNSUPPORTED", [_image(b"<svg/>")]),
        ("IMAGE_FORMAT_UNSUPPORTED", [_image(_png(), "bmp")]),
        ("IMAGE_FORMAT_UNSUPPORTED", [_image(b"")]),
        ("IMAGE_FORMAT_UNSUPPORTED", [{"format": "png", "source": {"bytes": "data:image/png,x"}}]),
        ("IMAGE_FORMAT_UNSUPPORTED", [{"format": "png", "source": {"bytes": "é"}}]),
        ("IMAGE_DIMENSION_EXCEEDED", [_image(_png(8_001, 1))]),
    ],
)
def test_a_picture_is_refused(reason: str, images: list[Body], minimal: Body) -> None:
    assert _reasons(_with(minimal, images=images)) == [reason]


def test_a_picture_beyond_ten_mebibytes_is_refused(minimal: Body) -> None:
    body = _with(minimal, images=[_image(_png(padding=_LARGE))])
    assert "IMAGE_SIZE_EXCEEDED" in _reasons(body)


def test_a_model_that_reads_no_pictures_refuses_them(minimal: Body) -> None:
    body = _with(minimal, "glm-5", images=[_image(_png())])
    assert [v.rule for v in violations(body)] == ["image-model"]


def test_a_picture_in_the_history_counts_too(minimal: Body) -> None:
    earlier = {"userInputMessage": {"content": "look", "images": [_image(_png())] * 6}}
    said = {"assistantResponseMessage": {"content": "I see"}}
    minimal["conversationState"]["history"] = [earlier, said]
    assert _reasons(minimal) == []
    assert _reasons(_with(minimal, images=[_image(_png())] * 5)) == ["IMAGE_COUNT_EXCEEDED"]


_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF = b"%PDF-1.7\n"


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")


@pytest.mark.parametrize(
    "document",
    [
        _document(),
        _document(name="My notes (2) [new] a-b"),
        _document(_PDF, format="pdf"),
        _document(_PDF + b"/Type /Page\n" * 100 + b"/Type /Pages", format="pdf"),
        _document(_ZIP + b"word/document.xml", format="docx"),
        _document(_ZIP + b"xl/workbook.xml", format="xlsx"),
        _document(_OLE + _wide("WordDocument"), format="doc"),
        _document(_OLE + _wide("Workbook"), format="xls"),
    ],
)
def test_a_document_whose_bytes_are_what_it_says_is_accepted(document: Body, minimal: Body) -> None:
    assert _reasons(_with(minimal, documents=[document])) == []


@pytest.mark.parametrize(
    ("reason", "documents"),
    [
        ("DOCUMENT_COUNT_EXCEEDED", [_document(name=f"n{at}") for at in range(6)]),
        ("DOCUMENT_DUPLICATE_NAME", [_document(), _document()]),
        ("DOCUMENT_SIZE_EXCEEDED", [_document(b"x" * 4_500_001)]),
        ("DOCUMENT_PASSWORD_PROTECTED", [_document(_PDF + b"/Encrypt 5 0 R", format="pdf")]),
        (
            "DOCUMENT_PASSWORD_PROTECTED",
            [_document(_OLE + _wide("EncryptedPackage"), format="xlsx")],
        ),
        ("DOCUMENT_MAXIMUM_PAGES_EXCEEDED", [_document(_PDF + b"/Type/Page " * 101, format="pdf")]),
        ("REQUEST_BODY_INVALID", [_document(format="exe")]),
        ("REQUEST_BODY_INVALID", [_document(b"")]),
        ("REQUEST_BODY_INVALID", [_document(_PDF)]),
        ("REQUEST_BODY_INVALID", [_document(format="pdf")]),
        ("REQUEST_BODY_INVALID", [_document(_ZIP + b"xl/", format="docx")]),
        ("REQUEST_BODY_INVALID", [_document(_OLE + _wide("Workbook"), format="doc")]),
        ("REQUEST_BODY_INVALID", [_document(name="notes.txt")]),
        ("REQUEST_BODY_INVALID", [_document(name="two  spaces")]),
        ("REQUEST_BODY_INVALID", [_document(name=" a")]),
        ("REQUEST_BODY_INVALID", [_document(name="")]),
        ("REQUEST_BODY_INVALID", [_document(name="n" * 201)]),
        (None, []),
    ],
)
def test_a_document_is_refused(reason: str | None, documents: list[Body], minimal: Body) -> None:
    assert _reasons(_with(minimal, "claude-opus-5.5", documents=documents)) == [reason]


def test_a_model_that_reads_no_documents_refuses_them(minimal: Body) -> None:
    body = _with(minimal, "glm-5", documents=[_document()])
    assert _reasons(body) == ["DOCUMENT_MODEL_NOT_SUPPORTED"]


def test_documents_have_no_weight(minimal: Body) -> None:
    assert _reasons(_with(minimal, documents=[_document(b"x" * 2_000_000)])) == []
