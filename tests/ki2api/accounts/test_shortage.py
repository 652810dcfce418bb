from collections.abc import Callable

import pytest

from ki2api.accounts.account import Credential, Standing
from ki2api.accounts.member import Member
from ki2api.accounts.shortage import no_account_left, pool_closed
from ki2api.errors import NoAccount

NOON = 1_763_812_800.0


@pytest.fixture
def member(ready: Callable[..., Credential]) -> Callable[..., Member]:
    def make(name: str, standing: Standing | None = None, limit: int | None = None) -> Member:
        made = Member(ready(name, max_concurrent=limit), 0, NOON, 400.0)
        made.standing = standing or made.standing
        return made

    return make


def test_without_any_account_the_ways_to_add_one_are_told() -> None:
    error = no_account_left([], (), NOON)

    for way in ("KIRO_AUTH_CONFIG", "[[accounts]]", "KIRO_API_KEY", "KIRO_REFRESH_TOKEN", "IDE"):
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

    error = no_account_left(members, {"f"}, NOON)

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

    assert no_account_left([later, soon, never], (), NOON).retry_after == 12
    assert no_account_left([never], (), NOON).retry_after is None


def test_accounts_that_are_ruled_out_return_for_others_but_not_for_this_request(
    member: Callable[..., Member],
) -> None:
    soon = member("a", Standing("cooling", "", NOON, NOON + 12))
    later = member("b", Standing("cooling", "", NOON, NOON + 30))

    without_a = no_account_left([later, soon], {"a"}, NOON)
    without_any = no_account_left([later, soon], {"a", "b"}, NOON)

    assert (without_a.retry_after, without_a.usable_in) == (12, 30)
    assert (without_any.retry_after, without_any.usable_in) == (12, None)


def test_when_only_a_person_can_help_there_is_no_account(member: Callable[..., Member]) -> None:
    lost = member("a", Standing("needs-login", "the refresh token is not valid any more"))

    error = no_account_left([lost], (), NOON)

    assert isinstance(error, NoAccount)
    assert "before a person mends one:\na: needs-login: the refresh token" in error.detail
    assert not isinstance(no_account_left([lost, member("b")], {"b"}, NOON), NoAccount)


def test_a_busy_account_may_be_back_in_a_second(member: Callable[..., Member]) -> None:
    busy = member("busy", limit=1)
    busy.in_flight = 1

    assert no_account_left([busy], (), NOON).retry_after == 1


def test_a_closed_pool_says_for_how_long() -> None:
    error = pool_closed(300.0)

    assert "5 min" in error.detail
    assert error.retry_after == 300
