"""Reading a request's JSON: one decoder call, and every fault told by its place in the body."""

import re
from codecs import utf_8_decode
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from ki2api.errors import InvalidRequest
from ki2api.protocols import RawRequest
from ki2api.protocols.depth import check_depth

T = TypeVar("T")
Turns: TypeAlias = Annotated[list[T], msgspec.Meta(max_length=10_000)]
Tools: TypeAlias = Annotated[list[T], msgspec.Meta(max_length=4096)]
"""More than a model may be told of, since a search finds tools among those that it is not (T14)."""

UNKNOWN = "ki2api:unknown"
"""The tag of the struct that stands for content of a type that a dialect does not know."""

NULL = msgspec.Raw(b"null")
"""A raw field that is absent or null."""

_MISSING = re.compile(r"Object missing required field `(.*)`")
_WRONG_TAG = re.compile(r"Invalid value (.*)", re.DOTALL)
_TYPES = re.compile(r"`([^`]*)`")
_JSON_WORDS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_NO_OBJECT = re.compile(r"Expected `object`, got `(.*)`")
_PLACE = " - at `$"
_PIECE = 16_384
_LONGEST = 200
"""Characters of a fault: it may quote the caller, who may have written a whole file there."""


class Unserved:
    """Content that cannot be passed on: refused, or left out and remembered by its place."""

    def __init__(self, *, drop: bool) -> None:
        self._drop = drop
        self.dropped: list[str] = []

    def found(self, at: str, why: str) -> None:
        """Take one such place."""
        if not self._drop:
            raise InvalidRequest(_short(why), path=at)
        self.dropped.append(at)

    def without_effect(self, at: str) -> None:
        """Remember the place of what is accepted and changes nothing."""
        self.dropped.append(at)


def read(
    decoder: msgspec.json.Decoder[T], request: RawRequest, known: frozenset[str] | None = None
) -> T:
    """Decode the body, or say what is wrong with it and where.

    With `known`, content of any other type is read as if its type were UNKNOWN.
    """
    if not request.body.strip():
        raise InvalidRequest(f"the body is empty: {_WANTED}")
    check_depth(request.body)
    try:
        _check_utf8(request.body)  # msgspec skips raw JSON and unknown fields without
        return _read(decoder, request.body, known)
    except _FAULTS as error:
        raise _told(error) from None


def _check_utf8(body: bytes) -> None:
    """Raise UnicodeDecodeError where a body is none; its text is never there as a whole."""
    at = len(body) if body.isascii() else 0
    while at < len(body):
        end = at + _PIECE
        at += utf_8_decode(body[at:end], "strict", end >= len(body))[1]


def _read(decoder: msgspec.json.Decoder[T], body: bytes, known: frozenset[str] | None) -> T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        if known is None or not _WRONG_TAG.match(str(error)):
            raise
        # A union has no fallback tag, so the body is read anew with its unknown tags replaced.
        return decoder.decode(msgspec.json.encode(_mark(msgspec.json.decode(body), known)))


_WANTED = "it must be a JSON object with the fields of the request"
_PLAINER = {
    "Input data was truncated": "it ends too early",
    "object keys must be strings": "the names of its fields must stand in double quotes",
}
"""What msgspec says of JSON, in words for who wrote it."""


def read_raw(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw | bytes, at: str) -> T:
    """Decode what was left raw in a body that was read, or say what is wrong with it and where."""
    try:
        return decoder.decode(raw)
    except _FAULTS as error:
        raise _told(error, at) from None


_FAULTS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _told(fault: Exception, at: str = "") -> InvalidRequest:
    match fault:
        case msgspec.ValidationError():
            return _misplaced(str(fault), at)
        case msgspec.DecodeError():
            what = str(fault).removeprefix("JSON is malformed: ")
            what = next((said for word, said in _PLAINER.items() if word in what), what)
            return InvalidRequest(f"the body is not valid JSON: {what}")
        case UnicodeDecodeError():
            return InvalidRequest("the body is not valid UTF-8")
        case _:
            return InvalidRequest("the body is nested too deeply")


def _mark(body: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Replace every unknown type of the messages' content, in place."""
    for message in _objects(body.get("messages")):
        _mark_content(message, known)
    return body


def _mark_content(holder: dict[str, Any], known: frozenset[str]) -> None:
    for block in _objects(holder.get("content")):
        if isinstance(block.get("type"), str) and block["type"] not in known:
            block["type"] = UNKNOWN
        else:
            _mark_content(block, known)


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _misplaced(message: str, at: str) -> InvalidRequest:
    """Say what msgspec says, in the caller's own way of naming places."""
    what, found, place = message.rpartition(_PLACE)
    if not found:
        what, place = place, ""
    path = _join(at, place.removeprefix(".").removesuffix("`"))
    if missing := _MISSING.fullmatch(what):
        return InvalidRequest("Field required", path=_join(path, missing[1]))
    if not path and (other := _NO_OBJECT.fullmatch(what)):
        twice = " (was it made into JSON twice?)" if other[1] == "str" else ""
        found = _TYPES.sub(_in_json_words, f"`{other[1]}`")
        return InvalidRequest(f"the body is of type {found}{twice}: {_WANTED}")
    holder, _, key = path.rpartition(".")
    if key == "type" and (wrong := _WRONG_TAG.fullmatch(what)):
        why = _short(f"content of type {wrong[1]} is not supported")
        return InvalidRequest(why, path=holder)
    return InvalidRequest(_TYPES.sub(_in_json_words, _short(what)), path=path or None)


def _join(path: str, name: str) -> str:
    dotted = path and name and not name.startswith("[")
    return f"{path}.{name}" if dotted else path + name


def _short(why: str) -> str:
    return why if len(why) <= _LONGEST else f"{why[:_LONGEST]}..."


def _in_json_words(types: re.Match[str]) -> str:
    return " or ".join(_JSON_WORDS.get(word, word) for word in types[1].split(" | "))
