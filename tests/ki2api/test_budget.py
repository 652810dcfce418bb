"""The budget for repeated calls."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ki2api.budget import AT_LEAST, CAPACITY, COSTS, SHARE, RetryBudget


@contextmanager
def under_way(budget: RetryBudget, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(budget)
        yield


def granted(budget: RetryBudget, kind: Literal["transient", "throttled"] = "throttled") -> int:
    """Ask until nothing is granted any more, and return how often it was."""
    times = 0
    while budget.grants(kind):
        times += 1
    return times


def test_three_repetitions_are_always_there() -> None:
    budget = RetryBudget()
    with budget:
        assert granted(budget) == AT_LEAST


def test_a_burst_may_repeat_as_many_calls_as_it_has_requests() -> None:
    budget = RetryBudget()
    with under_way(budget, 50):
        assert granted(budget) == 50
    with budget:
        assert not budget.grants("throttled")


def test_of_a_long_failure_a_tenth_is_repeated() -> None:
    budget = RetryBudget()
    for _ in range(1_000):
        with budget:
            pass
    assert granted(budget) == CAPACITY // COSTS["throttled"] == SHARE * 1_000


@pytest.mark.parametrize(("kind", "most"), [("transient", 35), ("throttled", 100)])
def test_without_a_success_the_tokens_run_out(
    kind: Literal["transient", "throttled"], most: int
) -> None:
    budget = RetryBudget()
    with under_way(budget, 500):
        assert granted(budget, kind) == most


def test_a_success_gives_back_what_led_to_it_and_opens_the_budget_anew() -> None:
    budget = RetryBudget()
    for _ in range(1_000):
        with budget:
            assert budget.grants("transient")
            assert budget.grants("throttled")
            budget.succeeded("transient", "throttled")
    with under_way(budget, 500):
        assert granted(budget) == 100


def test_successes_refill_it_one_by_one_and_never_over_the_brim() -> None:
    budget = RetryBudget()
    with under_way(budget, 500):
        assert granted(budget, "transient") == 35  # which leaves 10
        for _ in range(17):
            budget.succeeded()
        assert granted(budget, "transient") == 1
        for _ in range(10_000):
            budget.succeeded()
        assert granted(budget, "transient") == 35


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 3)), max_size=200))
def test_while_all_fails_no_more_is_granted_than_a_tenth_or_the_largest_burst(
    bursts: list[tuple[int, int]],
) -> None:
    budget, requests, repeated = RetryBudget(), 0, 0
    for size, wishes in bursts:
        with under_way(budget, size):
            requests += size
            repeated += sum(budget.grants("throttled") for _ in range(size * wishes))
    largest = max((size for size, _ in bursts), default=0)
    assert repeated <= min(100, max(AT_LEAST, largest, SHARE * requests))
