"""JSON that holds secrets: the only place where their text goes into a file or comes out of one."""

from typing import Any, TypeVar

import msgspec

from pipeline.secret import Secret

T = TypeVar("T")


def encode(value: Any) -> bytes:
    """Write JSON in which each secret stands in clear."""
    return msgspec.json.encode(value, enc_hook=_text)


def decode(content: bytes | str, wanted: type[T]) -> T:
    """Read JSON; raises msgspec.DecodeError, whose text names the place and shows no value."""
    try:
        return msgspec.json.decode(content, type=wanted, dec_hook=_secret)
    except RecursionError:
        raise msgspec.DecodeError("JSON is nested too deep") from None


def _text(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(type(value))


def _secret(wanted: type[Any], value: Any) -> Secret:
    if wanted is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError("Expected `str`")
