"""How deep a JSON text is nested, found before anything is made of it.

What reads JSON by recursion ends at some depth with an error of its own, or with the process. This
looks in linear time, most of it spent in C.
"""

from itertools import accumulate

import msgspec

from ki2api.errors import InvalidRequest

DEEPEST = 64
"""Lists and objects within each other."""
MOST = 1_000_000
"""Lists and objects in one body."""

_SMALL = 4096
"""Bytes; in a longer body, counting its brackets takes as long as taking them out."""
_BACKSLASH = ord("\\")
_KEPT = b'[]{}"'
_DROPPED = bytes(byte for byte in range(256) if byte not in _KEPT)
_NEVER_ESCAPED = bytes(byte for byte in range(256) if byte not in _KEPT + rb"\/bfnrtu")
_NO_LINE = bytes(byte for byte in range(256) if byte not in b"[{,")
"""What begins no line where each value has its own."""
_MOST_LINES = 32_768
"""Each may begin with some thousand spaces, before the recursion of who writes them ends."""
_DEEP_LINE = b"\n" + b" " * DEEPEST
_ALIKE = bytes.maketrans(b"{}", b"[]")
_STEP = {ord("["): 1, ord("]"): -1}
_ROUNDS = 8


def check_depth(body: bytes, *, most: int = MOST) -> None:
    """Let a JSON text pass, or raise InvalidRequest; what is no JSON passes too."""
    if len(body) < _SMALL and body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    if _BACKSLASH in body and _surely_shallow(body, min(most, _MOST_LINES)):
        return
    brackets = _outside_of_strings(body)
    if len(brackets) > 2 * most:
        raise InvalidRequest(f"the body has more than {most:,} lists and objects")
    if not _surely_flat(brackets) and _depth(brackets) > DEEPEST:
        raise InvalidRequest(f"the body is nested more than {DEEPEST} deep")


def _surely_shallow(body: bytes, most_lines: int) -> bool:
    """Tell of most texts with escapes that they are not too deep.

    It takes long to part their strings from what is around them. Written with a line for each
    value, a text has a line that begins with so many spaces where it is so deep.
    """
    # But for the depth itself, which recursion ends, of two bytes one at most begins a line.
    if len(body) > 2 * most_lines and len(body.translate(None, _NO_LINE)) > most_lines:
        return False
    try:
        return _DEEP_LINE not in msgspec.json.format(body, indent=1)
    except (msgspec.DecodeError, RecursionError):
        return False


def _outside_of_strings(body: bytes) -> bytes:
    """Return the brackets that are no text, all of them square."""
    if _BACKSLASH in body:
        # What a backslash may stand before is kept until the two have gone together. Before
        # anything else it is no JSON, and nobody reads on behind it.
        body = body.translate(None, _NEVER_ESCAPED).replace(rb"\\", b"").replace(rb"\"", b"")
    # Two marks in a row open and close nothing, whichever strings they belong to.
    marked = body.translate(_ALIKE, _DROPPED).replace(b'""', b"")
    return b"".join(marked.split(b'"')[::2])


def _surely_flat(brackets: bytes) -> bool:
    """Tell of most texts that they are no deeper than the deepest, sooner than by their depth.

    To take out every pair that holds nothing makes a text flatter by one level at most.
    """
    for taken_out in range(_ROUNDS):
        if brackets.count(b"[") <= DEEPEST - taken_out:
            return True
        brackets = brackets.replace(b"[]", b"")
    return False


def _depth(brackets: bytes) -> int:
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)
