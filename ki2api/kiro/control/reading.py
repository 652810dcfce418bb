"""Reads answers that may lack any member, or hold it in another form than was reported."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from ki2api.errors import UpstreamGarbled

_MILLISECONDS = 1e11
"""Seconds reach this number in the year 5138, milliseconds did in 1973."""
_LARGEST = 1e15
"""No count, amount or time of Kiro's is larger; whole numbers are exact up to it."""
_LONGEST_LABEL = 128

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True):
    """One page of a list; `following` asks for the next one, where there is one."""

    entries: tuple[T, ...]
    following: str = ""


def document_of(body: bytes) -> dict[str, Any]:
    """Read an answer's object; raises UpstreamGarbled."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UpstreamGarbled("What answered does not speak like Kiro.") from None


def member(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an object inside, an empty one where there is none."""
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def members(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a list's objects, leaving out what is none."""
    found = document.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text(document: Mapping[str, Any], *names: str) -> str:
    """Return the first of these members that is a text with something in it, else nothing."""
    found = (document.get(name) for name in names)
    return next((each for each in found if isinstance(each, str) and each), "")


def label(document: Mapping[str, Any], *names: str) -> str:
    """Return what `text` does if it fits into a line of a terminal and a header, else nothing."""
    found = text(document, *names)
    return found if found.isprintable() and len(found) <= _LONGEST_LABEL else ""


def number(document: Mapping[str, Any], *names: str) -> float | None:
    """Return the first of these members that is a number that makes sense."""
    found = (document.get(name) for name in names)
    return next((each for value in found if (each := _sensible(value)) is not None), None)


def moment(document: Mapping[str, Any], name: str) -> float | None:
    """Return a time in Unix seconds, which may be written as these, in milliseconds, or as ISO."""
    if (seconds := number(document, name)) is not None:
        return seconds / 1_000 if seconds >= _MILLISECONDS else seconds
    try:
        written = msgspec.convert(document.get(name), datetime)
    except msgspec.ValidationError:
        return None
    return written.replace(tzinfo=written.tzinfo or UTC).timestamp()


def _sensible(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) <= _LARGEST else None
