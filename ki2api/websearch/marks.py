"""Finds the marks by which a model cites, `<cite index="2">...</cite>`, in words as they come.

The model is asked for these marks; nothing is cited that it did not mark.
"""

import re
from typing import TypeAlias

import msgspec

_TAG = re.compile(r"""<cite\s+index\s*=\s*(?P<numbers>["']?[^<>]{0,60})>|(?P<close></cite>)""")
_OPENING, _CLOSING = "<cite ", "</cite>"
_LONGEST_TAG = 80
_NUMBER = re.compile(r"\d{1,6}")


class Opened(msgspec.Struct, frozen=True):
    """A cited statement begins; it rests on the results of these numbers."""

    numbers: tuple[int, ...]


class Closed(msgspec.Struct, frozen=True):
    """A cited statement ends."""


Piece: TypeAlias = str | Opened | Closed


class Marks:
    """Takes the marks out of a text."""

    def __init__(self) -> None:
        self._held = ""
        self._inside = False

    def feed(self, text: str) -> list[Piece]:
        """Take more words; what may be the beginning of a mark is held back."""
        text, self._held = self._held + text, ""
        pieces: list[Piece] = []
        at = 0
        for tag in _TAG.finditer(text):
            if tag["close"] and not self._inside:
                continue
            pieces += [text[at : tag.start()], self._border(tag)]
            at = tag.end()
        keep = _unfinished(text, at)
        self._held = text[keep:]
        return [piece for piece in (*pieces, text[at:keep]) if piece != ""]

    def finish(self) -> list[Piece]:
        """Give back what was held at the end of the text."""
        held, self._held = self._held, ""
        return [held] if held else []

    def _border(self, tag: re.Match[str]) -> Piece:
        self._inside = not tag["close"]
        return Opened(_numbers(tag["numbers"])) if self._inside else Closed()


def _unfinished(text: str, start: int) -> int:
    """Return where a mark may have begun that is not complete, else the end of the text."""
    at = text.rfind("<", start)
    if at < 0 or len(text) - at > _LONGEST_TAG:
        return len(text)
    tail = text[at:]
    is_open = tail.startswith(_OPENING) and ">" not in tail
    if is_open or _OPENING.startswith(tail) or (_CLOSING.startswith(tail) and tail != _CLOSING):
        return at
    return len(text)


def _numbers(written: str) -> tuple[int, ...]:
    """Read `1` or `1, 2`; anything else cites nothing."""
    words = [word.strip() for word in written.strip("\"' ").split(",")]
    if not all(_NUMBER.fullmatch(word) for word in words):
        return ()
    return tuple(dict.fromkeys(map(int, words)))
