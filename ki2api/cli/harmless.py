"""Text that can neither forge a line of the log nor order a terminal about."""

import re

_HARMFUL = (
    "["
    "\x00-\x1f\x7f-\x9f"  # controls: line breaks, ESC and its one-character forms, NEL
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of text
    "\u2028\u2029"  # the line breaks of Unicode
    "\ufeff\U000e0000-\U000e007f"  # invisible, and taken for text by some
    "\ud800-\udfff"  # halves of characters, which no encoding can write
    "]"
)
BELOW = "\n  | "
"""What begins each further line, so that none of them looks like a line of the log."""


def harmless(text: str) -> str:
    """Return a text on one line, with what is no visible text written as an escape."""
    # What Python calls printable has none of these, and to find that out costs a fifth.
    return text if text.isprintable() else re.sub(_HARMFUL, _escaped, text)


def below(text: str) -> str:
    """Return a text of several lines to stand below a line of the log."""
    return "".join(BELOW + harmless(line) for line in text.rstrip("\n").split("\n"))


def _escaped(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape").decode()
