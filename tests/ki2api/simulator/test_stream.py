"""The pieces in which a stream is sent, and what a reply costs."""

from random import Random

import pytest

from ki2api.simulator.answer import Answer, Call
from ki2api.simulator.catalogue import CATALOGUE
from ki2api.simulator.question import Question
from ki2api.simulator.stream import cost_of, pieces

_FRAMES = [bytes([at]) * 1_000 for at in range(5)]


def test_frames_are_sent_one_by_one() -> None:
    assert list(pieces(_FRAMES, "frames", Random(0))) == _FRAMES  # noqa: S311 - repeatable


@pytest.mark.parametrize(("chunking", "count"), [("bytes", 5_000), ("whole", 1)])
def test_borders_may_fall_anywhere(chunking: str, count: int) -> None:
    sent = list(pieces(_FRAMES, chunking, Random(0)))  # type: ignore[arg-type] # noqa: S311 - a column of the table; repeatable
    assert len(sent) == count
    assert b"".join(sent) == b"".join(_FRAMES)


def test_random_borders_are_the_same_for_the_same_seed() -> None:
    one, two, other = (list(pieces(_FRAMES, "random", Random(seed))) for seed in (1, 1, 2))  # noqa: S311 - repeatable
    assert one == two != other
    assert b"".join(one) == b"".join(other) == b"".join(_FRAMES)
    assert len({len(piece) for piece in one}) > 3


def test_cost_grows_with_the_reply_and_never_passes_the_window() -> None:
    question = Question(CATALOGUE["claude-sonnet-4.5"], "x", "x", tokens=100_000)
    small = cost_of(question, Answer("word"))
    large = cost_of(question, Answer("word", (Call("look", {"at": "here"}),), "thoughts"))
    assert 50.0 < small.percent < large.percent < 51
    assert small.credits < large.credits
    full = Question(CATALOGUE["claude-sonnet-4.5"], "x", "x", tokens=300_000)
    assert cost_of(full, Answer()).percent == 100.0
