"""What dialects share about the reply that is asked for: its limit, its stop strings, its form."""

from collections.abc import Sequence

import msgspec

from ki2api.conversation import ReplyFormat
from ki2api.errors import InvalidRequest
from ki2api.protocols.reading import NULL

MOST_STOPS = 64
"""Stop strings that are taken; the vendors take fewer."""


def token_limit(asked: int | None, path: str) -> int | None:
    """Check a limit of the reply's tokens."""
    if asked is not None and asked < 1:
        raise InvalidRequest("must be at least 1", path=path)
    return asked


def stop_strings(asked: str | Sequence[str] | None, path: str) -> tuple[str, ...]:
    """Check the strings that end a reply; one may stand alone."""
    listed = {path: asked} if isinstance(asked, str) else _numbered(asked or (), path)
    if len(listed) > MOST_STOPS:
        raise InvalidRequest(f"at most {MOST_STOPS} stop strings are taken", path=path)
    for at, stop in listed.items():
        if not stop:
            raise InvalidRequest("a stop string must not be empty", path=at)
    return tuple(listed.values())


def json_reply(schema: msgspec.Raw, at: str, *, name: str = "", about: str = "") -> ReplyFormat:
    """Make the format of a reply that must fit a schema; without one, any JSON does."""
    known = msgspec.Raw(b"{}") if schema == NULL else schema
    return ReplyFormat("json-schema", name, about, known, at)


def _numbered(values: Sequence[str], path: str) -> dict[str, str]:
    return {f"{path}[{index}]": value for index, value in enumerate(values)}
