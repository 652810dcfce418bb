from random import Random

import pytest

from ki2api.accounts.verdict import backoff, start_of_next_month, verdict
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    EmptyReply,
    InvalidRequest,
    ModelNotOffered,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamUnavailable,
)

NOON = 1_763_812_800.0  # 2025-11-22T12:00:00Z
DECEMBER = 1_764_547_200.0  # 2025-12-01T00:00:00Z


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
        (AccountRefused("no permission"), "cooling", NOON + 60),
        (TokenExpired("expired"), "cooling", NOON + 60),
    ],
)
def test_a_fault_of_the_account_gives_it_a_standing(
    error: RateLimited, state: str, until: float | None
) -> None:
    standing = verdict(error, NOON, 4.0)

    assert standing is not None
    assert (standing.state, standing.until) == (state, until)
    assert (standing.reason, standing.since) == (error.detail, NOON)


@pytest.mark.parametrize(
    "error",
    [
        None,
        UpstreamUnavailable("down"),
        EmptyReply("empty"),
        InvalidRequest("bad"),
        ModelNotOffered("no such model here"),
        GeneratorExit(),
        ValueError("ours"),
    ],
)
def test_what_is_not_the_accounts_fault_never_harms_it(error: BaseException | None) -> None:
    assert verdict(error, NOON, 4.0) is None


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
