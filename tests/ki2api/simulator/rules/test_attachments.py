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


def test_a_document_is_accepted(minimal: Body) -> None:
    assert _reasons(_with(minimal, documents=[_document()])) == []


@pytest.mark.parametrize(
    ("reason", "documents"),
    [
        ("DOCUMENT_COUNT_EXCEEDED", [_document(name=f"n{at}") for at in range(6)]),
        ("DOCUMENT_DUPLICATE_NAME", [_document(), _document()]),
        ("DOCUMENT_SIZE_EXCEEDED", [_document(b"x" * 4_500_001)]),
        ("REQUEST_BODY_INVALID", [_document(format="exe")]),
        ("REQUEST_BODY_INVALID", [_document(b"")]),
    ],
)
def test_a_document_is_refused(reason: str, documents: list[Body], minimal: Body) -> None:
    body = _with(minimal, "claude-opus-5.5", documents=documents)
    assert reason in _reasons(body)


def test_a_model_that_reads_no_documents_refuses_them(minimal: Body) -> None:
    body = _with(minimal, "glm-5", documents=[_document()])
    assert _reasons(body) == ["DOCUMENT_MODEL_NOT_SUPPORTED"]
