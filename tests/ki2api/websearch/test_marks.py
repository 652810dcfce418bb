"""The marks by which a model cites."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ki2api.websearch.marks import Closed, Marks, Opened, Piece

OPEN = '<cite index="1">'


def read(*pieces: str) -> list[Piece]:
    marks = Marks()
    return joined([*(found for piece in pieces for found in marks.feed(piece)), *marks.finish()])


def joined(pieces: list[Piece]) -> list[Piece]:
    """Put neighbouring words together."""
    out: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and out and isinstance(out[-1], str):
            out[-1] += piece
        else:
            out.append(piece)
    return out


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        (OPEN, (1,)),
        ("<cite index='2, 3'>", (2, 3)),
        ("<cite index=4>", (4,)),
        ('<cite index="5,5">', (5,)),
        ('<cite  index = "6">', (6,)),
        ('<cite index="1-3">', ()),
        ('<cite index="">', ()),
        ('<cite index="9999999">', ()),
    ],
)
def test_a_mark_names_results_by_their_numbers(written: str, numbers: tuple[int, ...]) -> None:
    assert read(f"So: {written}it is</cite>.") == ["So: ", Opened(numbers), "it is", Closed(), "."]


def test_one_mark_may_follow_another_unclosed() -> None:
    assert read(f"{OPEN}a{OPEN}b</cite>") == [Opened((1,)), "a", Opened((1,)), "b", Closed()]


@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "</cite> alone",
        "<cite>The Book</cite>",
        "<cited index=1>",
        "<cite ",
        "<",
        "</cit",
        f"<cite {'x' * 100}",
        "<cite class='x'>",
    ],
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert read(*text) == [text]
    assert read(text) == [text]


def test_nothing_is_held_back_that_cannot_become_a_mark() -> None:
    marks = Marks()
    assert marks.feed("a <b") == ["a <b"]
    assert marks.feed("a <") == ["a "]
    assert marks.feed("ci") == []
    assert marks.feed("ty") == ["<city"]


@given(st.lists(st.sampled_from([OPEN, "</cite>", "<", "a", ">", "<cite ", 'index="2">', "é"])))
def test_the_pieces_in_which_words_come_do_not_matter(words: list[str]) -> None:
    whole = "".join(words)
    assert read(*whole) == read(whole)
