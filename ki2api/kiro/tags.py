"""Finds the thoughts that a model writes as tagged text at the very start of a reply (§8.1).

`<thinking>` must open the reply, after blanks at most. `</thinking>` ends the thoughts where a
blank line follows, or where the text ends; inside a fence of code it is a thought, and so is one
in quotes, since its closing quote follows. What may still become a tag is held back, nothing else.
"""

import re
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "thinking"]
Piece: TypeAlias = tuple[Kind, str]

OPENING, CLOSING = "<thinking>", "</thinking>"
_BLANK_LINE = re.compile(r"[ \t]*\r?\n[ \t]*\r?\n")
_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)


class TagReader:
    """Parts one reply's text into thoughts and words; however it is cut, the parts are the same."""

    def __init__(self) -> None:
        self._state: Literal["before", "inside", "after"] = "before"
        self._held = ""
        self._thought: list[str] = []

    def feed(self, text: str) -> list[Piece]:
        """Take more of the text."""
        if self._state == "after":
            return [("text", text)]
        self._held += text
        return self._open() if self._state == "before" else self._think()

    def close(self) -> list[Piece]:
        """Take the end of the text, or of this run of it; what follows is no longer looked at."""
        held, self._held = self._held, ""
        state, self._state = self._state, "after"
        if state == "inside":
            if held.rstrip() == CLOSING and not self._in_code():
                return []
            return _pieces("thinking", held)
        return _pieces("text", held)

    def _open(self) -> list[Piece]:
        begun = self._held.lstrip()
        if begun.startswith(OPENING):
            self._state = "inside"
            self._held = begun.removeprefix(OPENING)
            return self._think()
        if OPENING.startswith(begun):
            return []
        return self.close()

    def _think(self) -> list[Piece]:
        out: list[Piece] = []
        at = self._held.find("<")
        while at >= 0:
            out += self._take(at)
            if self._undecided():
                return out
            if end := self._end():
                words = self._held[end:]
                self._state, self._held = "after", ""
                return [*out, *_pieces("text", words)]
            at = self._held.find("<", 1)
        return out + self._take(len(self._held))

    def _take(self, size: int) -> list[Piece]:
        thought, self._held = self._held[:size], self._held[size:]
        self._thought.append(thought)
        return _pieces("thinking", thought)

    def _undecided(self) -> bool:
        """Tell whether what is held may still turn out to be the end of the thoughts."""
        if not self._held.startswith(CLOSING):
            return CLOSING.startswith(self._held)
        rest = self._held.removeprefix(CLOSING)
        return not rest.strip() and not _BLANK_LINE.match(rest)

    def _end(self) -> int:
        """Return where the words begin behind a real closing tag, or 0 where it is none."""
        if not self._held.startswith(CLOSING):
            return 0
        blank = _BLANK_LINE.match(self._held, len(CLOSING))
        return blank.end() if blank and not self._in_code() else 0

    def _in_code(self) -> bool:
        return len(_FENCE.findall("".join(self._thought))) % 2 == 1


def _pieces(kind: Kind, text: str) -> list[Piece]:
    return [(kind, text)] if text else []
