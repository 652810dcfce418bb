"""Tools that take free text: put to the model as functions of one string, and taken out again.

The string is unescaped as it comes, so that a client sees a long patch grow.
"""

import re
from collections.abc import Mapping

import msgspec

FIELD = "input"
SCHEMA = msgspec.Raw(
    msgspec.json.encode(
        {
            "type": "object",
            "properties": {FIELD: {"type": "string", "description": "The text, as it is."}},
            "required": [FIELD],
            "additionalProperties": False,
        }
    )
)

_OPENING = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_BEGINS = re.compile(r'\s*(?:\{\s*(?:"(?:i(?:n(?:p(?:u(?:t(?:"\s*(?::\s*)?)?)?)?)?)?)?)?)?')
# Whole characters and escapes; half of a surrogate pair waits until it is known what follows.
_WHOLE = re.compile(
    r'(?:[^"\\]++'
    r'|\\["\\/bfnrt]'
    r"|\\u(?![dD][89abAB])[0-9a-fA-F]{4}"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}"
    r"(?:\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?=[^\\]|\\[^u]|\\u[^dD]|\\u[dD][^c-fC-F]))"
    r")*+"
)
_ESCAPE = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\(.)"
)
_LETTERS: Mapping[str, str] = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNREAD = ("opening", "other")
_NO_CHARACTER = "\ufffd"
"""Stands for half of a pair, which cannot be written in UTF-8."""


def describe(description: str, syntax: str, definition: str) -> str:
    """Say what the tool is for, and what its text must look like."""
    said = [description, f"Give the tool's text in `{FIELD}`, as it is: no JSON inside."]
    if definition:
        said.append(f"The text must match this {syntax or 'lark'} grammar:\n{definition}")
    return "\n\n".join(filter(None, said))


def wrap(text: str) -> str:
    """Write the arguments of a call with this text."""
    return msgspec.json.encode({FIELD: text}).decode()


def unwrap(arguments: str) -> tuple[str, bool]:
    """Read the text out of the arguments of a call, and tell whether it is whole."""
    reader = Unwrapper()
    text = reader.feed(arguments) + reader.end()
    return text, reader.whole


def is_json(arguments: str) -> bool:
    """Tell whether arguments are complete; those of a call that a limit cut are not."""
    try:
        msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


class Unwrapper:
    """Reads the text of a call out of JSON that comes in pieces.

    Arguments of any other form are held back, and are the text themselves.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._state = "opening"

    def feed(self, piece: str) -> str:
        """Take a piece and return the text that it completes."""
        if self._state == "closed":
            return ""
        self._rest += piece
        if self._state == "opening":
            self._open()
        return self._unescaped() if self._state == "inside" else ""

    @property
    def whole(self) -> bool:
        """Whether all of the text came, as far as that can be seen."""
        if self._state in _UNREAD:
            return not self._rest or is_json(self._rest)
        return self._state == "closed"

    def end(self) -> str:
        """Return the text that is left when the call is complete."""
        return _text_of(self._rest) if self._state in _UNREAD else ""

    def _open(self) -> None:
        if opening := _OPENING.match(self._rest):
            self._rest = self._rest[opening.end() :]
            self._state = "inside"
        elif not _BEGINS.fullmatch(self._rest):
            self._state = "other"

    def _unescaped(self) -> str:
        whole = _WHOLE.match(self._rest)
        end = whole.end() if whole else 0
        text, self._rest = self._rest[:end], self._rest[end:]
        if self._rest.startswith('"'):
            self._state = "closed"
        return _decoded(text)


def _decoded(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    high, low, code, letter = escape.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF))
    if letter:
        return _LETTERS.get(letter, letter)
    character = chr(int(code, 16))
    return _NO_CHARACTER if _SURROGATE.fullmatch(character) else character


def _text_of(arguments: str) -> str:
    try:
        found = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return arguments
    if not isinstance(found, dict):
        return arguments
    text = found.get(FIELD, arguments if found else "")
    return text if isinstance(text, str) else arguments
