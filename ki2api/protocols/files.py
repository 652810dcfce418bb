"""Files as the dialects send them: one of text becomes words, any other kind is a document.

Words are read by every model and stay in the history as they are; a document is a form of Kiro's
own that only some models take (docs/kiro.md §3.7).
"""

from binascii import a2b_base64
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import TypeAlias, TypeVar

import msgspec

from ki2api.conversation import DocumentPart, TextPart
from ki2api.errors import InvalidRequest
from ki2api.protocols.pictures import DATA_URL
from ki2api.protocols.reading import Unserved

P = TypeVar("P")
FilePart: TypeAlias = TextPart | DocumentPart

NOT_STORED = "no files are stored here: send the file itself, in base64"
NOT_FETCHED = "files are not fetched: send the file itself, in base64"

_TYPES: Mapping[str, str] = {
    "application/csv": "csv",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/x-pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/x-markdown": "md",
}
_ENDINGS = frozenset(_TYPES.values())
_BINARY = frozenset({"doc", "docx", "pdf", "xls", "xlsx"})
_PDF = "JVBERi0"
"""How a PDF begins in base64."""
_KNOWN = f"text in UTF-8 and {', '.join(sorted(_ENDINGS))} are"
_NO_SPACE = dict.fromkeys(map(ord, " \t\r\n"))


class Label(msgspec.Struct, frozen=True):
    """How the caller calls a file, and what the caller says of it."""

    name: str = ""
    context: str = ""

    def line(self) -> str:
        """Write the line before the words of the file."""
        named = f' name="{escape(self.name)}"' if self.name else ""
        told = f' context="{escape(self.context)}"' if self.context else ""
        return f"<document{named}{told}>"


def words(text: str, label: Label, at: str) -> TextPart:
    """Read a file that is text already."""
    return TextPart(f"{label.line()}\n{text}\n</document>", at)


def framed(parts: Iterable[P], label: Label, at: str) -> Iterator[P | TextPart]:
    """Read a file that is several parts: they come between the two lines of the frame."""
    yield TextPart(label.line(), at)
    yield from parts
    yield TextPart("</document>", at)


def encoded_file(
    media_type: str, data: str, label: Label, at: str, unserved: Unserved
) -> Iterator[FilePart]:
    """Read a file in base64: by its type, by the end of its name, or by its bytes."""
    kind = _kind(media_type.partition(";")[0].strip().lower(), label.name, data)
    if kind in _BINARY:
        if label.context:
            yield words("(attached to this message)", label, at)
        yield DocumentPart(label.name, kind, data, at)
    elif (text := _text(data, at)) is not None:
        yield words(text, label, at)
    elif kind:
        yield DocumentPart(label.name, kind, data, at)  # text of another charset
    else:
        unserved.found(at, f"a file of this kind is not supported: {_KNOWN}")


def attached_file(
    data: str | None, file_id: str | None, name: str | None, at: str, unserved: Unserved
) -> Iterator[FilePart]:
    """Read a file as OpenAI's clients send it: a data: URL or bare base64; never by its id."""
    place = f"{at}.file_data"
    if not data:
        if not file_id:
            raise InvalidRequest("Field required", path=place)
        unserved.found(f"{at}.file_id", NOT_STORED)
    elif data.startswith(("http://", "https://")):
        unserved.found(place, NOT_FETCHED)
    else:
        found = DATA_URL.fullmatch(data)
        media_type, encoded = found.group("type", "data") if found else ("", data)
        yield from encoded_file(media_type, encoded, Label(name or ""), place, unserved)


def _kind(media_type: str, name: str, data: str) -> str:
    """Tell Kiro's word for the format, or nothing."""
    ending = name.rpartition(".")[2].lower()
    by_name = ending if "." in name and ending in _ENDINGS else ""
    return _TYPES.get(media_type) or by_name or ("pdf" if data.startswith(_PDF) else "")


def _text(data: str, at: str) -> str | None:
    """Decode what is text in UTF-8."""
    try:
        content = a2b_base64(data.translate(_NO_SPACE), strict_mode=True)
    except ValueError:
        raise InvalidRequest("The file is not valid base64.", path=at) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
