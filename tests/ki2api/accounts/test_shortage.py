from collections.abc import Callable
from typing import Any

import pytest

from ki2api.accounts.account import Credential, Standing
from ki2api.accounts.member import Member
from ki2api.accounts.shortage import pool_closed, shortage
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    GatewayError,
    ModelNotOffered,
    NoAccount,
    NoAccountLeft,
    NoSignIn,
    QuotaSpent,
)

NOON = 1_763_812_800.0
COOLING = Standing("cooling", "", NOON, NOON + 12)
SPENT = Standing("exhausted", "spent", NOON, NOON + 60)
NOT_OFFERED = Standing("exhausted", "not in this plan", NOON, NOON + 3600)


def left(members: list[Member], passed: set[str] | None = None) -> NoAccountLeft:
    error = shortage(members, members, "m", passed or set(), NOON)
    assert isinstance(error, NoAccountLeft)
    return error


def told(members: list[Member]) -> GatewayError:
    return shortage(members, members, "m", set(), NOON)


@pytest.fixture
def member(ready: Callable[..., Credential]) -> Callable[..., Member]:
    def make(
        name: str, standing: Standing | None = None, limit: int | None = None, **more: Any
    ) -> Member:
        made = Member(ready(name, max_concurrent=limit, **more), 0, NOON, 400.0)
        made.stand(standing or made.standing)
        return made

    return make


def test_without_any_account_the_ways_to_add_one_are_told() -> None:
    error = left([])

    for way in ("KIRO_AUTH_CONFIG", "[[accounts]]", "KIRO_API_KEY", "ki2api login", "IDE"):
        assert way in error.detail
    assert isinstance(error, NoAccount)
    assert error.retry_after is None


def test_each_account_has_a_line_with_its_reason(member: Callable[..., Member]) -> None:
    busy = member("busy", limit=2)
    busy.in_flight = 2
    members = [
        member("a", Standing("cooling", "too many requests", NOON, NOON + 12)),
        member("b", Standing("exhausted", "spent", NOON, NOON + 6000)),
        member("c", Standing("exhausted", "spent", NOON, NOON + 86_400)),
        member("d", Standing("needs-login")),
        busy,
        member("f"),
    ]

    error = left(members, {"f"})

    assert error.detail.splitlines() == [
        "no account can serve now:",
        "a: cooling for 12 s: too many requests",
        "b: exhausted for 100 min: spent",
        "c: exhausted for 24 h: spent",
        "d: needs-login",
        "busy: busy with 2 requests, its max-concurrent",
        "f: was tried for this request",
    ]


def test_the_earliest_return_is_told(member: Callable[..., Member]) -> None:
    soon = member("a", Standing("cooling", "", NOON, NOON + 12))
    later = member("b", Standing("cooling", "", NOON, NOON + 30))
    never = member("c", Standing("needs-login"))

    assert left([later, soon, never]).retry_after == 12


def test_accounts_that_are_ruled_out_return_for_others_but_not_for_this_request(
    member: Callable[..., Member],
) -> None:
    soon = member("a", Standing("cooling", "", NOON, NOON + 12))
    later = member("b", Standing("cooling", "", NOON, NOON + 30))

    without_a = left([later, soon], {"a"})
    without_any = left([later, soon], {"a", "b"})

    assert (without_a.retry_after, without_a.usable_in) == (12, 30)
    assert (without_any.retry_after, without_any.usable_in) == (12, None)


def test_when_only_a_person_can_help_there_is_no_account(member: Callable[..., Member]) -> None:
    lost = member("a", Standing("needs-login", "the refresh token is not valid any more"))
    locked = member("b", Standing("quarantined", "locked"))

    error = left([lost, locked])

    assert isinstance(error, NoAccount)
    assert "before a person mends one:\na: needs-login: the refresh token" in error.detail
    assert not isinstance(left([lost, member("b")], {"b"}), NoAccount)


@pytest.mark.parametrize(
    ("standing", "error", "retry_after"),
    [
        (SPENT, QuotaSpent, 60),
        (Standing("quarantined", "locked"), AccountSuspended, None),
        (Standing("quarantined", "suspect", NOON, NOON + 1800), AccountSuspended, 1800),
        (Standing("needs-login", "dead"), AccountRefused, None),
    ],
)
def test_accounts_that_stand_alike_are_told_as_what_they_are(
    member: Callable[..., Member],
    standing: Standing,
    error: type[GatewayError],
    retry_after: float | None,
) -> None:
    off = member("off", disabled=True)

    found = told([member("a", standing), off, member("b", standing)])

    assert type(found) is error
    assert found.retry_after == retry_after


def test_accounts_that_are_all_switched_off_are_no_accounts(member: Callable[..., Member]) -> None:
    error = left([member("a", disabled=True, source="config.toml:5")])

    assert isinstance(error, NoAccount)
    assert "a: disabled: switched off in config.toml:5" in error.detail


def test_when_every_refresh_fails_the_sign_in_service_is_to_blame(
    member: Callable[..., Member],
) -> None:
    missed, off = member("a", COOLING), member("off", disabled=True)
    missed.missed_refreshes = 1

    assert isinstance(left([missed, off]), NoSignIn)
    assert not isinstance(left([missed, member("b", COOLING)]), NoSignIn)


def test_a_model_that_no_usable_account_offers_is_not_offered(
    member: Callable[..., Member],
) -> None:
    refused, locked = member("a"), member("b", Standing("quarantined", "locked"))
    refused.models["m"] = NOT_OFFERED

    found = told([refused, locked])

    assert isinstance(found, ModelNotOffered)
    assert found.message == "model: No account's plan offers 'm'."


def test_an_account_that_only_cools_may_still_offer_the_model(
    member: Callable[..., Member],
) -> None:
    refused = member("a")
    refused.models["m"] = NOT_OFFERED

    assert left([refused, member("b", COOLING)]).retry_after == 12


def test_a_model_that_rests_on_each_account_returns_with_the_first(
    member: Callable[..., Member],
) -> None:
    first, second = member("a"), member("b")
    first.models["m"] = COOLING
    second.models["m"] = Standing("cooling", "busy", NOON, NOON + 3)

    error = left([first, second])

    assert (error.retry_after, error.usable_in) == (3, 3)
    assert "b: m is cooling for 3 s: busy" in error.detail


def test_an_account_that_does_not_list_the_model_is_told_and_not_waited_for(
    member: Callable[..., Member],
) -> None:
    lists, lists_not = member("a", COOLING), member("b")

    error = shortage([lists, lists_not], [lists], "m", set(), NOON)

    assert error.retry_after == 12
    assert "b: its plan does not list m" in error.detail


def test_a_busy_account_may_be_back_in_a_second(member: Callable[..., Member]) -> None:
    busy = member("busy", limit=1)
    busy.in_flight = 1

    assert left([busy]).retry_after == 1


def test_a_closed_pool_says_for_how_long() -> None:
    error = pool_closed(300.0)

    assert "5 min" in error.detail
    assert error.retry_after == 300


def test_accounts_that_are_ready_and_were_tried_need_no_person(
    member: Callable[..., Member],
) -> None:
    error = left([member("a"), member("b")], {"a", "b"})

    assert not isinstance(error, NoAccount)
    assert error.usable_in is None
