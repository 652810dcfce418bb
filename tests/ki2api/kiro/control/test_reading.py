"""Answers that lack members, or hold them in another form."""

from typing import Any

import pytest

from ki2api.errors import UpstreamGarbled
from ki2api.kiro.control.reading import document_of, label, member, members, moment, number, text


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"\xff", b"[" * 5_000])
def test_what_is_no_object_is_no_answer(body: bytes) -> None:
    with pytest.raises(UpstreamGarbled):
        document_of(body)


def test_a_member_of_another_kind_is_as_good_as_none() -> None:
    odd: dict[str, Any] = {"a": 5, "b": None, "c": [1, {"x": 1}, None], "d": "", "e": "word"}
    assert member(odd, "a") == member(odd, "missing") == {}
    assert members(odd, "a") == members(odd, "b") == []
    assert members(odd, "c") == [{"x": 1}]
    assert text(odd, "a", "b", "d", "e") == "word"
    assert text(odd, "a") == ""


@pytest.mark.parametrize("written", ["a\x1b[2J", "a\x00", "a\nb", "a\u202eb", "a" * 129, "", 5])
def test_a_label_has_no_controls_and_is_not_long(written: object) -> None:
    assert label({"n": written}, "n") == ""
    assert label({"n": "Größe 4.5"}, "n") == "Größe 4.5"
    assert label({"n": "a" * 128}, "n") == "a" * 128


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5, 5.0),
        (1.7645472e9, 1_764_547_200.0),
        ("5", None),
        (True, None),
        (None, None),
        (10**400, None),
        (-(10**400), None),
        (1e300, None),
        (float("inf"), None),
        (float("nan"), None),
    ],
)
def test_a_number_is_a_finite_number(value: object, read: float | None) -> None:
    assert number({"n": value}, "n") == read
    assert number({"n": value, "other": 7}, "n", "other") == (7 if read is None else read)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (b"1.7645472E9", 1_764_547_200.0),
        (b"1764547200", 1_764_547_200.0),
        (b"1764547200.5", 1_764_547_200.5),
        (b"1764547200000", 1_764_547_200.0),
        (b'"2025-12-01T00:00:00Z"', 1_764_547_200.0),
        (b'"2025-12-01T01:00:00.000+01:00"', 1_764_547_200.0),
        (b'"soon"', None),
        (b'"2025-12-01T00:00:00"', 1_764_547_200.0),
        (b'"0001-01-01T00:00:00+23:00"', -62_135_679_600.0),
        (b"null", None),
        (b"{}", None),
    ],
)
def test_a_time_may_be_written_in_several_ways(written: bytes, seconds: float | None) -> None:
    assert moment(document_of(b'{"at":' + written + b"}"), "at") == seconds
