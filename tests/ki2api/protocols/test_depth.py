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


@pytest.mark.parametrize("escaped", [r"\n", r"\"", r"\\", r"\u00e9"])
def test_texts_with_escapes_may_be_as_deep_as_others(escaped: str) -> None:
    text = f'"{escaped * 2_000}"'
    for levels in (1, DEEPEST - 1, DEEPEST):
        check_depth(b"[" * levels + text.encode() + b"]" * levels)
        check_depth(b"[" * (levels - 1) + f"[],{text}".encode() + b"]" * (levels - 1))
    for inside in (f"[{text}]", f"{text},[]"):
        with pytest.raises(InvalidRequest, match="more than 64 deep"):
            check_depth(b"[" * DEEPEST + inside.encode() + b"]" * DEEPEST)


def test_texts_with_escapes_may_have_as_many_lists_as_others() -> None:
    for many in (99, 100):
        lists = b",".join([rb'["\n"]'] * many)
        if many < 100:
            check_depth(b"[" + lists + b"]", most=100)
        else:
            with pytest.raises(InvalidRequest, match="more than 100 lists"):
                check_depth(b"[" + lists + b"]", most=100)


def test_what_is_no_json_is_left_to_who_reads_it() -> None:
    check_depth(rb'["\x"' + b"[]" * DEEPEST)
