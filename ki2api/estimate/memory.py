"""Remembers what long texts were estimated at: clients send their whole conversation each time."""

from ki2api.estimate.families import Family
from ki2api.estimate.text import exact

_LONG = 256
"""Characters; what is shorter is measured as quickly as it is looked up."""
_MOST = 16_384
"""Texts, at some 150 bytes each. The texts themselves are not kept, only their hashes."""
_known: dict[tuple[Family, int, int], float] = {}


def remembered(text: str, family: Family) -> float:
    """Estimate a text, not rounded."""
    if len(text) < _LONG:
        return exact(text, family)
    key = family, len(text), hash(text)
    tokens = _known.get(key)
    if tokens is None:
        if len(_known) >= _MOST:
            _known.clear()
        tokens = _known[key] = exact(text, family)
    return tokens
