from collections.abc import Callable
from typing import Any

import pytest

from ki2api.accounts.account import Credential, Standing, Wallet
from ki2api.accounts.ledger import Record
from ki2api.accounts.member import Member
from ki2api.accounts.profile import SHARED_PROFILES
from pipeline.secret import Secret

NOON = 1_763_812_800.0
OWN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"
TOLD = "arn:aws:codewhisperer:us-east-1:123456789012:profile/MNOPQRSTUVWX"


@pytest.fixture
def member(ready: Callable[..., Credential]) -> Callable[..., Member]:
    return lambda **more: Member(ready("a", **more), 0, NOON, 400.0)


def key(**more: Any) -> Credential:
    return Credential("k", "api-key", api_key=Secret("ksk_1"), **more)


def test_a_token_serves_until_it_ends(member: Callable[..., Member]) -> None:
    assert member().has_token(NOON + 3599)
    assert not member().has_token(NOON + 3600)
    assert not member(access_token=None).has_token(NOON)


def test_a_token_of_unknown_end_serves_only_if_it_cannot_be_renewed(
    member: Callable[..., Member],
) -> None:
    assert member(expires_at=None, refresh_token=None).has_token(NOON)
    assert not member(expires_at=None).has_token(NOON)


def test_an_api_key_always_serves_and_is_never_due() -> None:
    member = Member(key(), 0, NOON, 400.0)

    assert member.has_token(NOON + 1e9)
    assert not member.is_due(NOON + 1e9)
    assert member.token == Secret("ksk_1")


def test_a_token_is_due_ahead_of_its_end(member: Callable[..., Member]) -> None:
    assert not member().is_due(NOON + 3199)
    assert member().is_due(NOON + 3200)
    assert not member(refresh_token=None).is_due(NOON + 3200)


def test_a_token_is_not_due_before_a_failed_refresh_may_be_repeated(
    member: Callable[..., Member],
) -> None:
    waiting = member()
    waiting.no_refresh_before = NOON + 3300

    assert not waiting.is_due(NOON + 3299)
    assert waiting.is_due(NOON + 3300)


def test_a_token_with_a_short_life_is_not_due_all_the_time(member: Callable[..., Member]) -> None:
    short = member()
    short.wallet = Wallet(Secret("new"), NOON + 100, Secret("r"))
    short.serve(NOON)

    assert not short.is_due(NOON + 79)
    assert short.is_due(NOON + 80)


def test_a_wallet_is_used_only_when_it_is_served(member: Callable[..., Member]) -> None:
    renewing = member()
    renewing.wallet = Wallet(Secret("new"), NOON + 7200, Secret("r"))

    assert renewing.token == Secret("access-a")
    renewing.serve(NOON)
    assert renewing.token == Secret("new")


def test_the_profile_is_the_given_one_then_the_told_one_then_the_shared_one(
    member: Callable[..., Member],
) -> None:
    given, told, shared = member(profile_arn=OWN), member(), member()
    given.wallet = told.wallet = Wallet(profile_arn=TOLD)

    assert given.profile_arn == OWN
    assert told.profile_arn == TOLD
    assert shared.profile_arn == SHARED_PROFILES["social"]
    assert member(kind="oidc").profile_arn == SHARED_PROFILES["oidc"]
    assert Member(key(), 0, NOON, 400.0).profile_arn == ""


def test_the_region_is_that_of_the_accounts_own_profile(member: Callable[..., Member]) -> None:
    assert member(profile_arn=OWN).region == "eu-central-1"
    assert member(kind="oidc", region="eu-west-1").region == "eu-central-1"
    assert member().region == "us-east-1"


def test_there_is_room_up_to_the_limit(member: Callable[..., Member]) -> None:
    limited, unlimited = member(max_concurrent=2), member()
    limited.in_flight, unlimited.in_flight = 1, 1000

    assert limited.has_room
    assert unlimited.has_room
    limited.in_flight = 2
    assert not limited.has_room


def test_a_record_brings_back_tokens_and_standing(member: Callable[..., Member]) -> None:
    before, after = member(), member()
    before.wallet = Wallet(Secret("new"), NOON + 60, Secret("rotated"), Secret("seed-a"), TOLD)
    before.standing = Standing("exhausted", "spent", NOON, NOON + 60)

    after.restore(before.record(NOON))

    assert (after.wallet, after.standing) == (before.wallet, before.standing)
    assert (after.token, after.expires_at) == (Secret("new"), NOON + 60)


def test_a_short_pause_is_not_kept(member: Callable[..., Member]) -> None:
    cooling = member()
    cooling.standing = Standing("cooling", "pause", NOON, NOON + 60)

    assert cooling.record(NOON).standing is None


def test_a_disabled_account_stays_disabled_whatever_was_kept(
    member: Callable[..., Member],
) -> None:
    disabled = member(disabled=True, source="KIRO_AUTH_CONFIG")
    disabled.restore(Record("a", NOON, Wallet(), Standing("needs-login")))

    assert disabled.standing == Standing("disabled", "switched off in KIRO_AUTH_CONFIG", NOON)


def test_an_api_key_is_not_written_and_not_taken_from_a_record() -> None:
    member = Member(key(), 0, NOON, 400.0)

    assert member.record(NOON).wallet == Wallet()
    member.restore(Record("k", NOON, Wallet(access=Secret("other"))))
    assert member.token == Secret("ksk_1")


def test_a_status_has_the_counts_and_no_token(member: Callable[..., Member]) -> None:
    busy = member(source="here")
    busy.requests, busy.failures, busy.refreshes, busy.in_flight = 9, 3, 2, 1

    status = busy.status()

    assert (status.name, status.kind, status.source, status.state) == (
        "a",
        "social",
        "here",
        "ready",
    )
    assert (status.requests, status.failures, status.refreshes, status.in_flight) == (9, 3, 2, 1)
    assert status.token_expires_at == NOON + 3600
    assert "access-a" not in repr(status)
