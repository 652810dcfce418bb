"""Strategies as pure functions, and turns of a pool, where weights must come out exactly."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from ki2api.accounts.account import Credential
from ki2api.accounts.strategies import (
    BUILT_IN,
    Candidate,
    Strategies,
    first_ready,
    least_used,
    round_robin,
)
from ki2api.errors import Bug
from pipeline.errors import CodeNotFound

NOON = 1_763_812_800.0
LATER = NOON + 1e6


def candidate(name: str, position: int, **more: Any) -> Candidate:
    facts: dict[str, Any] = {"weight": 1, "due": 0.0, "in_flight": 0, "requests": 0}
    return Candidate(name, position, **(facts | more))


def written(folder: Path, source: str) -> Strategies:
    path = folder / "own.py"
    path.write_text(source)
    path.chmod(0o644)
    return Strategies(folder)


def test_round_robin_takes_whose_turn_is_due_first_whatever_the_order_of_the_candidates() -> None:
    a, b, c = candidate("a", 0, due=2.0), candidate("b", 1, due=1.0), candidate("c", 2, due=1.0)

    assert round_robin([a, b, c], NOON) == round_robin([c, b, a], NOON) == b


def test_first_ready_takes_the_first_in_the_configured_order() -> None:
    a, b = candidate("a", 0, due=9.0, in_flight=99), candidate("b", 1)

    assert first_ready([b, a], NOON) == a


def test_least_used_looks_at_what_is_under_way_then_at_what_was_served() -> None:
    busy, idle = candidate("a", 0, in_flight=2, requests=5), candidate("b", 1, in_flight=1)

    assert least_used([busy, idle], NOON) == idle
    assert least_used([candidate("a", 0, requests=5), candidate("b", 1)], NOON).name == "b"
    assert least_used([candidate("a", 0), candidate("b", 1)], NOON).name == "a"


def test_least_used_lets_a_heavier_account_carry_more() -> None:
    heavy = candidate("a", 0, weight=4, in_flight=3, requests=40)
    light = candidate("b", 1, weight=1, in_flight=1, requests=10)

    assert least_used([light, heavy], NOON) == heavy


@pytest.mark.anyio
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(weights=st.lists(st.integers(1, 9), min_size=1, max_size=4))
async def test_a_thousand_turns_are_dealt_out_exactly_by_weight(
    weights: list[int], make_pool: Callable[..., Any], ready: Callable[..., Credential]
) -> None:
    pool = make_pool(
        *(ready(str(n), weight=weight, expires_at=LATER) for n, weight in enumerate(weights))
    )
    rounds = 1_000 // sum(weights)

    served = Counter([await pool.serve() for _ in range(rounds * sum(weights))])
    await pool.stop()

    assert served == {str(n): rounds * weight for n, weight in enumerate(weights)}


@pytest.mark.anyio
async def test_an_account_that_was_away_does_not_catch_up(
    make_pool: Callable[..., Any], ready: Callable[..., Credential]
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    assert await pool.turns(100, never={"b"}) == "a" * 100

    assert Counter(await pool.turns(100)) in ({"a": 50, "b": 50}, {"a": 49, "b": 51})


@pytest.mark.anyio
async def test_a_pool_lets_the_wish_choose(
    make_pool: Callable[..., Any], ready: Callable[..., Credential]
) -> None:
    pool = make_pool(ready("a"), ready("b"))

    assert await pool.turns(3, choose=first_ready) == "aaa"
    assert await pool.turns(3, choose=least_used) == "bbb"


def test_the_built_in_strategies_go_by_their_words() -> None:
    strategies = Strategies()

    assert {word: strategies.find(word) for word in BUILT_IN} == BUILT_IN


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("round-robbin", 'no strategy "round-robbin" - did you mean "round-robin"?'),
        ("x", 'no strategy "x"; there are round-robin, first-ready, least-used, or file.py:fun'),
        ("gone.py:choose", r'strategy "gone.py:choose": cannot read .*gone.py: No such file'),
        ("own.py:gone", r"own.py:gone\": AttributeError: .*'gone'"),
        ("own.py:NUMBER", "NUMBER of own.py is not a function"),
        ("nowhere.at.all:choose", "ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_a_word_that_means_no_strategy_is_told(tmp_path: Path, word: str, fault: str) -> None:
    with pytest.raises(CodeNotFound, match=fault):
        written(tmp_path, "NUMBER = 5").find(word)


def test_a_strategy_of_ones_own_chooses(tmp_path: Path) -> None:
    source = "def last(candidates, now):\n    return candidates[-1] if now > 5 else candidates[0]"
    choose = written(tmp_path, source).find("own.py:last")
    a, b = candidate("a", 0), candidate("b", 1)

    assert (choose([a, b], 1.0), choose([a, b], 6.0)) == (a, b)


def test_a_strategy_of_a_package_chooses() -> None:
    choose = Strategies().find("ki2api.accounts.strategies:least_used")

    assert choose([candidate("a", 0)], NOON).name == "a"


def test_a_file_that_does_not_load_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(CodeNotFound, match=r"own\.py:2: NameError: name 'undefined'"):
        written(tmp_path, "\nundefined()").find("own.py:choose")


def test_a_file_that_others_can_change_is_not_run(tmp_path: Path) -> None:
    strategies = written(tmp_path, "def choose(candidates, now): return candidates[0]")
    (tmp_path / "own.py").chmod(0o666)

    with pytest.raises(CodeNotFound, match="chmod go-w"):
        strategies.find("own.py:choose")


@pytest.mark.parametrize("answer", ["None", "'a'", "type(candidates[0])('z', 9, 1, 0.0, 0, 0)"])
def test_a_strategy_that_returns_a_stranger_is_told_by_name(tmp_path: Path, answer: str) -> None:
    source = f"def choose(candidates, now): return {answer}"
    choose = written(tmp_path, source).find("own.py:choose")

    with pytest.raises(Bug, match=r'strategy "own\.py:choose" returned none of its candidates'):
        choose([candidate("a", 0)], NOON)


@pytest.mark.anyio
async def test_a_strategy_that_fails_leaves_no_account_in_use(
    tmp_path: Path, make_pool: Callable[..., Any], ready: Callable[..., Credential]
) -> None:
    pool = make_pool(ready("a"))
    choose = written(tmp_path, "def choose(candidates, now): return 1 / 0").find("own.py:choose")

    with pytest.raises(ZeroDivisionError):
        await pool.hold(choose=choose)
    assert pool.statuses()[0].in_flight == 0
