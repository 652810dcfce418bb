"""Fields of a request that mean nothing in its dialect: clients may send any, and misspell some."""

from collections.abc import Collection, Iterator

import msgspec

from pipeline.errors import did_you_mean

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SHOWN = 80


def unknown_fields(body: bytes, known: Collection[str]) -> Iterator[str]:
    """Tell of each such field at the top of a body that could be read."""
    for name in _FIELDS.decode(body):
        if name not in known:
            shown = name[:_SHOWN]
            yield f"the field {shown!r} means nothing here{did_you_mean(shown, known)}"
