"""One client's settings as text, and the address and key that are put into it."""

import re

import msgspec
from msgspec import Struct

from ki2api.models import Catalogue

SHELL = "In the shell that starts it"
_IN_THE_SHELL = "$KI2API_KEY"
_ELSEWHERE = "YOUR-KEY"
_COMMON_WINDOW = 200_000
_PLAIN = frozenset({"text", "ini"})


class Piece(Struct, frozen=True):
    """A text and where it belongs; `language` is what it is written in."""

    where: str
    language: str
    text: str


class Connection(Struct, frozen=True):
    """One client: its name for people, what it is told and where, and what to know beside."""

    title: str
    pieces: tuple[Piece, ...]
    note: str = ""


class Address(Struct, frozen=True):
    """What to put into the texts; without a `key` they name a place for it instead."""

    url: str
    model: str
    key: str | None = None

    def put_into(self, piece: Piece) -> str:
        """Return the text of a piece with everything in its place, quoted as its language asks."""
        text = piece.text.strip("\n").replace("<url>", self.url)
        text = text.replace("<model>", _quoted(self.model, piece))
        text = text.replace("<window>", str(window_of(self.model)))
        if self.key is not None:
            return text.replace("<key>", _quoted(self.key, piece))
        return text.replace("<key>", _IN_THE_SHELL if piece.language == "sh" else _ELSEWHERE)


def window_of(model: str) -> int:
    """Return how many tokens a model takes at once; an unknown one is taken for a common one."""
    return Catalogue().find(model).model.window or _COMMON_WINDOW


def _quoted(value: str, piece: Piece) -> str:
    """Write a value for where it stands: between double quotes, but for plain text."""
    if piece.language == "sh":
        return re.sub(r'([\\"$`])', r"\\\1", value)
    return value if piece.language in _PLAIN else msgspec.json.encode(value).decode()[1:-1]
