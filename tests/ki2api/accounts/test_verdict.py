from random import Random

import pytest

from ki2api.accounts.verdict import Verdict, backoff, start_of_next_month, streak_of, verdict
from ki2api.errors import (
    AccountError,
    AccountRefused,
    AccountSuspended,
    ContextTooLong,
    EmptyReply,
    InvalidRequest,
    ModelNotOffered,
    ModelOverloaded,
    ProfileRefused,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamDisconnected,
    UpstreamGarbled,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUntrusted,
)

NOON = 1_763_812_800.0  # 2025-11-22T12:00:00Z
DECEMBER = 1_764_547_200.0  # 2025-12-01T00:00:00Z


def judged(error: BaseException | None, random: Random, earlier: int = 0) -> Verdict:
    found = verdict(error, NOON, earlier, random)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("error", "state", "until"),
    [
        (RateLimited("pause"), "cooling", NOON + 4),
        (RateLimited("pause", retry_after=30.0), "cooling", NOON + 30),
        (RateLimited("pause", retry_after=1.0), "cooling", NOON + 4),
        (QuotaSpent("spent"), "exhausted", DECEMBER),
        (QuotaSpent("spent", retry_after=600.0), "exhausted", NOON + 600),
        (AccountSuspended("locked"), "quarantined", None),
        (AccountSuspended("suspect", retry_after=1800.0), "quarantined", NOON + 1800),
        (AccountRefused("no permission"), "cooling", NOON + 240),
        (ProfileRefused("another profile"), "cooling", NOON + 240),
        (TokenExpired("expired"), "cooling", NOON + 240),
    ],
)
def test_a_fault_of_the_account_gives_it_a_standing(
    error: AccountError, state: str, until: float | None, upper: Random
) -> None:
    found = judged(error, upper, earlier=2)

    assert not found.of_model
    assert (found.standing.state, found.standing.until) == (state, until)
    assert (found.standing.reason, found.standing.since) == (error.detail, NOON)


@pytest.mark.parametrize(
    ("error", "state", "until"),
    [
        (ModelOverloaded("busy"), "cooling", NOON + 16),
        (ModelOverloaded("busy", retry_after=20.0), "cooling", NOON + 20),
        (ModelOverloaded("busy", retry_after=5.0), "cooling", NOON + 16),
        (ModelNotOffered("not in this plan"), "exhausted", NOON + 3600),
    ],
)
def test_a_fault_of_a_model_gives_that_model_a_standing(
    error: ModelOverloaded, state: str, until: float, upper: Random
) -> None:
    found = judged(error, upper, earlier=2)

    assert found.of_model
    assert (found.standing.state, found.standing.until) == (state, until)
    assert (found.standing.reason, found.standing.since) == (error.detail, NOON)


@pytest.mark.parametrize(
    "error",
    [
        None,
        UpstreamUnavailable("down"),
        UpstreamTimeout("late"),
        UpstreamDisconnected("cut"),
        UpstreamUntrusted("whose certificate"),
        UpstreamGarbled("no Kiro"),
        EmptyReply("empty"),
        InvalidRequest("bad"),
        ContextTooLong("long"),
        GeneratorExit(),
        ValueError("ours"),
    ],
)
def test_what_is_not_the_accounts_fault_never_harms_it(
    error: BaseException | None, upper: Random
) -> None:
    assert verdict(error, NOON, 0, upper) is None
    assert streak_of(error, "m") is None


def test_refusals_rest_a_minute_then_twice_as_long_each_time_up_to_an_hour(upper: Random) -> None:
    standings = [judged(AccountRefused("no"), upper, count).standing for count in (0, 1, 5, 6, 99)]

    assert [(each.until or 0) - NOON for each in standings] == [60, 120, 1920, 3600, 3600]


def test_a_model_without_capacity_rests_two_to_four_seconds_at_first_and_a_minute_at_most() -> None:
    random = Random(7)  # noqa: S311 - a seed that gives the same pauses each time
    pauses = [
        (judged(ModelOverloaded("busy"), random, count).standing.until or 0) - NOON
        for count in [0] * 500 + [1] * 500 + [5] * 500
    ]

    first, second, late = pauses[:500], pauses[500:1000], pauses[1000:]
    assert 2 <= min(first) < 2.1
    assert 3.9 < max(first) <= 4
    assert 4 <= min(second) < 4.2
    assert 7.8 < max(second) <= 8
    assert set(late) == {60}


def test_each_streak_is_counted_apart() -> None:
    assert streak_of(RateLimited("pause"), "m") == ("rate-limit", "")
    assert streak_of(AccountRefused("no"), "m") == ("refusal", "")
    assert streak_of(TokenExpired("no"), "m") == ("refusal", "")
    assert streak_of(ModelOverloaded("busy"), "m") == ("capacity", "m")


def test_the_next_month_after_december_is_in_the_next_year() -> None:
    assert start_of_next_month(DECEMBER) == 1_767_225_600.0  # 2026-01-01T00:00:00Z


def test_pauses_double_up_to_a_minute(upper: Random) -> None:
    assert [backoff(count, upper) for count in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff(5000, upper) == 60


def test_pauses_have_full_jitter() -> None:
    random = Random(7)  # noqa: S311 - a seed that gives the same pauses each time
    pauses = [backoff(4, random) for _ in range(500)]

    assert min(pauses) < 1
    assert 15 < max(pauses) <= 16
