"""Files: what is text becomes words, any other kind a document."""

from base64 import b64encode

import pytest

from ki2api.conversation import DocumentPart, TextPart
from ki2api.errors import InvalidRequest
from ki2api.protocols.files import (
    NOT_FETCHED,
    NOT_STORED,
    FilePart,
    Label,
    attached_file,
    encoded_file,
    framed,
    words,
)
from ki2api.protocols.reading import Unserved

PDF = b64encode(b"%PDF-1.7").decode()


def b64(content: bytes) -> str:
    return b64encode(content).decode()


def read(media_type: str, data: str, name: str = "", context: str = "") -> list[FilePart]:
    label = Label(name, context)
    return list(encoded_file(media_type, data, label, "m", Unserved(drop=False)))


def attach(
    data: str | None = None, file_id: str | None = None, name: str | None = None
) -> list[FilePart]:
    return list(attached_file(data, file_id, name, "m.file", Unserved(drop=False)))


@pytest.mark.parametrize(
    ("media_type", "name", "kind"),
    [
        ("application/pdf", "", "pdf"),
        ("Application/PDF; x=y", "", "pdf"),
        ("application/msword", "", "doc"),
        ("application/vnd.ms-excel", "", "xls"),
        ("", "a.b.DOCX", "docx"),
        ("application/octet-stream", "a.xlsx", "xlsx"),
        ("application/octet-stream", "xlsx", "pdf"),
        ("", "", "pdf"),
    ],
)
def test_a_document_is_known_by_its_type_or_name_or_bytes(
    media_type: str, name: str, kind: str
) -> None:
    assert read(media_type, PDF, name) == [DocumentPart(name, kind, PDF, "m")]


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("text/plain", "a.py"),
        ("text/x-python", "a.py"),
        ("application/json", "a.py"),
        ("", "a.py"),
        ("text/csv", "a.py"),
    ],
)
def test_a_file_of_text_is_words(media_type: str, name: str) -> None:
    line = b64("\ufeffé = 1\n".encode())
    found = TextPart('<document name="a.py">\né = 1\n\n</document>', "m")
    assert read(media_type, f"{line[:4]}\r\n{line[4:]}", name) == [found]


@pytest.mark.parametrize("content", [b"\xe9t\xe9", b"a\0b"])
def test_text_of_another_charset_is_a_document(content: bytes) -> None:
    assert read("text/csv", b64(content), "a") == [DocumentPart("a", "csv", b64(content), "m")]


@pytest.mark.parametrize(
    ("media_type", "data", "why"),
    [
        ("application/zip", b64(b"PK\xff"), "text in UTF-8 and csv, doc, docx, html"),
        ("text/plain", "no base64!", "not valid base64"),
    ],
)
def test_what_nobody_reads_is_refused(media_type: str, data: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as refused:
        read(media_type, data)
    assert refused.value.path == "m"


def test_what_is_said_of_a_document_stands_before_it() -> None:
    line = '<document name="&quot;a&quot;" context="old">\n(attached to this message)\n</document>'
    assert read("application/pdf", PDF, '"a"', "old") == [
        TextPart(line, "m"),
        DocumentPart('"a"', "pdf", PDF, "m"),
    ]


def test_what_is_said_of_words_frames_them() -> None:
    assert words("x", Label(), "m").text == "<document>\nx\n</document>"
    parts = framed([TextPart("x"), TextPart("y")], Label("a"), "m")
    assert [part.text for part in parts] == ['<document name="a">', "x", "y", "</document>"]


@pytest.mark.parametrize("data", [PDF, f"data:application/pdf;base64,{PDF}"])
def test_a_file_of_openai_is_a_data_url_or_bare(data: str) -> None:
    assert attach(data, name="a.pdf") == [DocumentPart("a.pdf", "pdf", PDF, "m.file.file_data")]
    assert attach(data, "file-1") == [DocumentPart("", "pdf", PDF, "m.file.file_data")]


@pytest.mark.parametrize(
    ("data", "file_id", "message"),
    [
        (None, None, "m.file.file_data: Field required"),
        ("", "", "m.file.file_data: Field required"),
        (None, "file-1", f"m.file.file_id: {NOT_STORED}"),
        ("https://a.example/b.pdf", None, f"m.file.file_data: {NOT_FETCHED}"),
    ],
)
def test_a_file_that_is_elsewhere_is_refused(
    data: str | None, file_id: str | None, message: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        attach(data, file_id)
    assert refused.value.message == message
