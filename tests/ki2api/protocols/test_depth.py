"""How deep is too deep, and that no text counts."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ki2api.errors import InvalidRequest
from ki2api.protocols import depth
from ki2api.protocols.depth import DEEPEST, check_depth

TEXT = st.text('[]{}"\\a é', max_size=8)
VALUES = st.recursive(
    TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


def nested(levels: int, inside: str) -> bytes:
    """Write lists and objects in turn around a JSON text."""
    opened = "".join('{"a]":[' if level % 2 else "[" for level in range(levels))
    closed = "".join("]}" if level % 2 else "]" for level in reversed(range(levels)))
    return (opened + inside + closed).encode()


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(VALUES)
def test_what_is_counted_is_the_depth_of_what_would_be_decoded(value: object) -> None:
    body = msgspec.json.encode(value)
    brackets = depth._outside_of_strings(body)
    steps = [1 if byte in b"[{" else -1 for byte in brackets]
    assert max((sum(steps[:end]) for end in range(len(steps) + 1)), default=0) == depth_of(value)


def test_one_level_more_than_the_deepest_is_refused() -> None:
    text = '"' + "[" * 100 + '\\"\\\\"'
    levels = DEEPEST // 3 * 2  # every other level is of two
    deepest = nested(levels, f"[{text}]")
    assert depth_of(msgspec.json.decode(deepest)) == DEEPEST
    check_depth(deepest)
    with pytest.raises(InvalidRequest, match="more than 64 deep"):
        check_depth(nested(levels, f"[[{text}]]"))


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[[]" * 1000])
def test_what_is_never_closed_is_deep_too(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        check_depth(body)


def test_more_lists_than_any_request_has_are_refused() -> None:
    check_depth(b"[" + b",".join([b"[]"] * 99) + b"]", most=100)
    with pytest.raises(InvalidRequest, match="more than 100 lists"):
        check_depth(b"[" + b",".join([b"{}"] * 100) + b"]", most=100)
