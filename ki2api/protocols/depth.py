"""How deep a JSON text is nested, found before anything is made of it.

What reads JSON by recursion ends at some depth with an error of its own, or with the process. This
looks in linear time, most of it spent in C.
"""

from itertools import accumulate

from ki2api.errors import InvalidRequest

DEEPEST = 64
"""Lists and objects within each other."""
MOST = 1_000_000
"""Lists and objects in one body."""

_KEPT = b'[]{}"'
_DROPPED = bytes(byte for byte in range(256) if byte not in _KEPT)
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def check_depth(body: bytes, *, most: int = MOST) -> None:
    """Let a JSON text pass, or raise InvalidRequest; what is no JSON passes too."""
    begun = body.count(b"[") + body.count(b"{")
    if begun <= DEEPEST:
        return
    brackets = _outside_of_strings(body)
    if len(brackets) > 2 * most:
        raise InvalidRequest(f"the body has more than {most:,} lists and objects")
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > DEEPEST:
        raise InvalidRequest(f"the body is nested more than {DEEPEST} deep")


def _outside_of_strings(body: bytes) -> bytes:
    """Return the brackets that are no text."""
    if b"\\" in body:
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    # Two marks in a row open and close nothing, whichever strings they belong to.
    marked = body.translate(None, _DROPPED).replace(b'""', b"")
    return b"".join(marked.split(b'"')[::2])
