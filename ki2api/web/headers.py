"""Headers in the forms that the two ends want them in."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

DEFAULT_KEY_WARNING = {"x-ki2api-warning": "default-api-key"}


def answer_headers(request_id: str, *, default_key: bool) -> dict[str, str]:
    """Return what every answer carries: the request's id under the names both SDKs look for."""
    name = public_id(request_id)
    ids = {"x-request-id": name, "request-id": name}
    return {**ids, **DEFAULT_KEY_WARNING} if default_key else ids


def public_id(request_id: str) -> str:
    """Return a request's id as clients see it."""
    return f"req_{request_id}"


def raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI wants them."""
    return [(_name(name), value.encode("latin-1")) for name, value in headers.items()]


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    return name.lower().encode()


def plain(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as a mapping; ASGI gives their names in lower case.

    One that comes twice is one list of both values, as HTTP has it: so neither hides the other.
    """
    fields = [*headers]
    found = {name.decode("latin-1"): value.decode("latin-1") for name, value in fields}
    if len(found) < len(fields):
        found.clear()
        for name, value in fields:
            key, said = name.decode("latin-1"), value.decode("latin-1")
            before = found.get(key, said)
            found[key] = said if before == said else f"{before}, {said}"
    return found
