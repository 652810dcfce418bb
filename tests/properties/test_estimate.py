"""Estimates of any text: never negative, never wild, and the same in pieces as whole."""

from hypothesis import given
from hypothesis import strategies as st

from ki2api.estimate import Tally, text_tokens
from ki2api.estimate.calibration import Line

TEXTS = st.text(st.characters(exclude_categories=()), max_size=400)


@given(TEXTS)
def test_a_text_has_tokens_and_never_more_than_bytes(text: str) -> None:
    tokens = text_tokens(text)
    assert (tokens > 0) is bool(text)
    assert tokens <= len(text.encode("utf-8", "surrogatepass"))


@given(st.text("acgt", min_size=1, max_size=20), st.integers(1, 3_000))
def test_letters_without_an_end_are_no_more_tokens_than_letters(genes: str, times: int) -> None:
    assert text_tokens(genes * times) <= len(genes) * times


@given(st.lists(st.text("ab cd,\n\u4e2d", max_size=30), max_size=20))
def test_asking_after_each_piece_gives_what_asking_once_gives(pieces: list[str]) -> None:
    asked, quiet = Tally(), Tally()
    for piece in pieces:
        asked.add(piece)
        assert asked.tokens >= 0
        quiet.add(piece)
    assert abs(asked.tokens - quiet.tokens) <= 1 + quiet.tokens // 10


@given(st.lists(st.tuples(st.floats(0, 2e6), st.floats(0, 2e6)), max_size=60))
def test_no_reports_drive_a_line_out_of_its_bounds(reports: list[tuple[float, float]]) -> None:
    line = Line()
    for estimated, reported in reports:
        line.learn(estimated, reported)
        assert 0 <= line.hidden <= 20_000
        assert 0.6 <= line.factor <= 1.7
