"""What was used of a plan, as getUsageLimits tells it."""

import pytest

from ki2api.errors import UpstreamGarbled
from ki2api.kiro.control.usage import Credits, Usage, read_usage

RESET = 1_764_547_200.0
NOW = RESET - 9 * 86_400.0
# docs/kiro.md §6.3; values are illustrative.
WHOLE = b"""{"limits":[{"type":"AGENTIC_REQUEST","currentUsage":12,"totalUsageLimit":1000}],
"nextDateReset":1.7645472E9,"daysUntilReset":9,
"usageBreakdownList":[
 {"resourceType":"SPEC","currentUsage":1,"usageLimit":2},
 {"resourceType":"CREDIT","currentUsage":12,"currentUsageWithPrecision":12.37,"usageLimit":1000,
  "usageLimitWithPrecision":1000.0,"currentOveragesWithPrecision":1.5,"nextDateReset":1.7645472E9,
  "freeTrialInfo":{"freeTrialStatus":"ACTIVE","freeTrialExpiry":1.766E9,
   "currentUsageWithPrecision":0.5,"usageLimit":500,"usageLimitWithPrecision":500.0},
  "bonuses":[
   {"bonusCode":"A","status":"ACTIVE","expiresAt":1.766E9,"currentUsage":3.0,"usageLimit":100.0},
   {"bonusCode":"B","status":"EXPIRED","currentUsage":3.0,"usageLimit":100.0}]}],
"subscriptionInfo":{"type":"Q_DEVELOPER_STANDALONE_PRO","subscriptionTitle":"KIRO PRO"},
"overageConfiguration":{"overageStatus":"ENABLED","overageLimit":0},
"userInfo":{"userId":"d-1","email":"me@example.com"}}"""


def test_the_answer_is_read_with_every_pot() -> None:
    assert read_usage(WHOLE, NOW) == Usage(
        plan="KIRO PRO",
        pots=(
            Credits("plan", 12.37, 1000.0),
            Credits("free trial", 0.5, 500.0, 1_766_000_000.0),
            Credits("bonus", 3.0, 100.0, 1_766_000_000.0),
        ),
        resets=RESET,
        overage=True,
        overage_used=1.5,
        email="me@example.com",
    )


def test_what_is_missing_is_left_out() -> None:
    assert read_usage(b"{}", NOW) == Usage()
    assert read_usage(b'{"usageBreakdownList":null,"subscriptionInfo":5}', NOW) == Usage()


def test_older_answers_tell_of_one_limit() -> None:
    body = (
        b'{"limits":[{"type":"AGENTIC_REQUEST","currentUsage":12,"totalUsageLimit":1000}],'
        b'"nextDateReset":"2025-12-01T00:00:00Z","subscriptionInfo":{"type":"FREE"}}'
    )
    assert read_usage(body, NOW) == Usage("FREE", (Credits("plan", 12.0, 1000.0),), RESET)


def test_only_pots_that_can_be_used_are_told() -> None:
    body = (
        b'{"usageBreakdownList":[{"resourceType":"VIBE","currentUsage":1,"usageLimit":50,'
        b'"freeTrialInfo":{"freeTrialStatus":"EXPIRED","usageLimit":500},"bonuses":null}]}'
    )
    assert read_usage(body, NOW) == Usage(pots=(Credits("plan", 1.0, 50.0),))


def test_a_trial_without_a_status_is_taken_for_one_in_force() -> None:
    body = b'{"usageBreakdownList":[{"resourceType":"CREDIT","freeTrialInfo":{"usageLimit":500}}]}'
    pots = (Credits("plan", 0.0, 0.0), Credits("free trial", 0.0, 500.0))
    assert read_usage(body, NOW) == Usage(pots=pots)


@pytest.mark.parametrize("resets", ["1e300", "-1", "1.7E9", "1.77E9", "null", '"soon"'])
def test_a_date_of_reset_that_cannot_be_true_is_none(resets: str) -> None:
    pot = '{"resourceType":"CREDIT","currentUsage":1,"usageLimit":2,"nextDateReset":%s}'
    told = '{"usageBreakdownList":[' + pot % resets + '],"nextDateReset":%s}'

    assert read_usage((told % resets).encode(), NOW).resets is None
    assert read_usage((told % RESET).encode(), NOW).resets == RESET


def test_a_plan_that_would_write_over_the_terminal_has_no_name() -> None:
    body = b'{"subscriptionInfo":{"type":"PRO\\u001b[2J"},"userInfo":{"email":"a\\u0000"}}'

    assert read_usage(body, NOW) == Usage()


def test_what_is_no_answer_is_an_error() -> None:
    with pytest.raises(UpstreamGarbled):
        read_usage(b"<html>", NOW)
