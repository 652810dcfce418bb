"""Tokens of texts, whole or in pieces as they come."""

from math import ceil
from operator import mul

from ki2api.estimate.families import Family
from ki2api.estimate.shape import shape
from ki2api.estimate.weights import WEIGHTS

_PIECE = 16_384
"""Characters that are measured at once: what stays in a processor's cache is measured faster."""
_TAIL = 512
"""Characters that wait at most for the end of their word."""


def text_tokens(text: str, family: Family = "claude") -> int:
    """Estimate the tokens of a text."""
    return ceil(exact(text, family))


def exact(text: str, family: Family) -> float:
    """Estimate the tokens of a text, not rounded, so that many can be added up."""
    if 0 < len(text) <= _PIECE:
        return _measured(text, family)
    tokens = 0.0
    for start in range(0, len(text), _PIECE):
        tokens += _measured(text[start : start + _PIECE], family)
    return tokens


def _measured(piece: str, family: Family) -> float:
    found: float = max(1.0, sum(map(mul, WEIGHTS[family], shape(piece))))
    # No tokenizer makes two tokens of one byte; our weights would, of letters without any end.
    if found <= len(piece):
        return found
    return min(found, len(piece.encode("utf-8", "surrogatepass")))


class Tally:
    """Counts text that comes in pieces, as if it had come whole."""

    def __init__(self, family: Family = "claude") -> None:
        self._family: Family = family
        self._counted = 0.0
        self._pending: list[str] = []
        self._size = 0

    def copy(self) -> "Tally":
        """Return one that counts on from here by itself."""
        copy = Tally(self._family)
        copy._counted, copy._size = self._counted, self._size
        copy._pending = [*self._pending]
        return copy

    def add(self, text: str) -> None:
        """Count one piece."""
        self._pending.append(text)
        self._size += len(text)
        if self._size >= _PIECE:
            self._settle()

    def extend(self, texts: list[str]) -> None:
        """Count several pieces."""
        size = self._size + sum(map(len, texts))
        if size < _PIECE:
            self._pending += texts
            self._size = size
        else:
            for text in texts:
                self.add(text)

    @property
    def tokens(self) -> int:
        """What was counted so far, in tokens."""
        rest = self._settle() if self._pending else ""
        return ceil(self._counted + exact(rest, self._family))

    def _settle(self) -> str:
        """Count up to the last border of a word, and return the rest, which waits."""
        text = "".join(self._pending)
        if border := _border(text):
            self._counted += exact(text[:border], self._family)
            text = text[border:]
        self._pending, self._size = [text], len(text)
        return text


def _border(text: str) -> int:
    """Find where nothing that is counted reaches across: before a space that follows a word."""
    border = text.rfind(" ")
    if border > 0 and not text[border - 1].isspace() and len(text) - border <= _TAIL:
        return border
    return len(text) if len(text) > _TAIL else 0
