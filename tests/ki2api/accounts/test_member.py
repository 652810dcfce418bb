from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from ki2api.accounts.account import Credential, ModelStatus, Standing, Wallet
from ki2api.accounts.ledger import Record
from ki2api.accounts.member import READY, Member
from ki2api.accounts.profile import SHARED_PROFILES
from ki2api.errors import AccountRefused, AccountSuspended, ModelOverloaded, RateLimited
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

    assert (given.own_profile, given.access().profile_arn) == (OWN, OWN)
    assert (told.own_profile, told.access().profile_arn) == (TOLD, TOLD)
    assert (shared.own_profile, shared.access().profile_arn) == ("", SHARED_PROFILES["social"])
    assert member(kind="oidc").access().profile_arn == SHARED_PROFILES["oidc"]
    assert member(kind="oidc", provider="Enterprise").access().profile_arn == ""
    assert Member(key(), 0, NOON, 400.0).access().profile_arn == ""


def test_an_access_has_all_that_a_call_needs(member: Callable[..., Member]) -> None:
    access = member(proxy=Secret("http://p"), profile_arn=OWN).access()

    assert (access.name, access.token, access.token_type) == ("a", Secret("access-a"), "")
    assert (access.region, access.proxy) == ("eu-central-1", Secret("http://p"))
    assert member().access("us-gov-west-1").region == "us-gov-west-1"
    assert member(kind="external-idp").access().token_type == "EXTERNAL_IDP"
    assert Member(key(), 0, NOON, 400.0).access().token_type == "API_KEY"
    assert member(access_token=None).access().token == Secret("")


def test_the_region_is_that_of_the_accounts_own_profile(member: Callable[..., Member]) -> None:
    assert member(profile_arn=OWN).region == "eu-central-1"
    assert member(kind="oidc", region="eu-west-1").region == "eu-central-1"
    assert member(region="eu-west-1", api_region="us-gov-west-1").region == "us-gov-west-1"
    assert member(profile_arn=OWN, api_region="us-gov-west-1").region == "eu-central-1"
    assert member().region == "us-east-1"


def test_there_is_room_up_to_the_limit(member: Callable[..., Member]) -> None:
    limited, unlimited = member(max_concurrent=2), member()
    limited.in_flight, unlimited.in_flight = 1, 1000

    assert limited.has_room()
    assert unlimited.has_room()
    limited.in_flight = 2
    assert not limited.has_room()


def test_a_record_brings_back_tokens_and_standing(member: Callable[..., Member]) -> None:
    before, after = member(), member()
    before.wallet = Wallet(Secret("new"), NOON + 7200, Secret("rotated"), Secret("seed-a"), TOLD)
    before.stand(Standing("exhausted", "spent", NOON, NOON + 60))
    before.models["m"] = Standing("cooling", "busy", NOON, NOON + 4)

    after.restore(before.record(NOON), NOON)

    assert after.models == before.models
    assert (after.wallet, after.standing) == (before.wallet, before.standing)
    assert (after.token, after.expires_at) == (Secret("new"), NOON + 7200)


def test_a_short_pause_is_kept_too(member: Callable[..., Member]) -> None:
    cooling = member()
    cooling.stand(Standing("cooling", "pause", NOON, NOON + 60))

    assert cooling.record(NOON).standing == cooling.standing
    assert member().record(NOON).standing is None


def test_a_clock_that_was_wrong_makes_no_pause_longer(member: Callable[..., Member]) -> None:
    later = NOON + 86_400
    record = Record(
        "a",
        later,
        Wallet(),
        Standing("cooling", "pause", later, later + 60),
        {"m": Standing("cooling", "busy", later, later + 4)},
    )
    again = member()
    again.restore(record, NOON)

    assert again.standing.until == NOON + 60
    assert again.models["m"].until == NOON + 4


def test_a_newer_access_token_of_the_same_login_wins_over_the_kept_one(
    member: Callable[..., Member],
) -> None:
    record = Record("a", NOON, Wallet(Secret("older"), NOON + 60, Secret("seed-a"), None, TOLD))
    again = member()
    again.restore(record, NOON)

    assert (again.token, again.expires_at) == (Secret("access-a"), NOON + 3600)
    assert again.wallet.profile_arn == TOLD


def test_a_disabled_account_stays_disabled_whatever_was_kept(
    member: Callable[..., Member],
) -> None:
    disabled = member(disabled=True, source="KIRO_AUTH_CONFIG")
    wallet = Wallet(Secret("access-a"), NOON + 3600, Secret("seed-a"))
    disabled.restore(Record("a", NOON, wallet, Standing("needs-login")), NOON)

    assert disabled.record(NOON).standing == Standing("needs-login")
    assert disabled.standing == Standing("disabled", "switched off in KIRO_AUTH_CONFIG", NOON)


def test_an_api_key_is_not_written_and_not_taken_from_a_record() -> None:
    member = Member(key(), 0, NOON, 400.0)

    assert member.record(NOON).wallet == Wallet()
    member.restore(Record("k", NOON, Wallet(access=Secret("other"))), NOON)
    assert member.token == Secret("ksk_1")


def test_a_status_has_the_counts_and_no_token(member: Callable[..., Member]) -> None:
    busy = member(source="here")
    busy.requests, busy.failures, busy.refreshes, busy.in_flight = 9, 3, 2, 1

    status = busy.status(None)

    assert (status.name, status.kind, status.source, status.state) == (
        "a",
        "social",
        "here",
        "ready",
    )
    assert (status.requests, status.failures, status.refreshes, status.in_flight) == (9, 3, 2, 1)
    assert status.token_expires_at == NOON + 3600
    assert "access-a" not in repr(status)


def test_a_status_tells_the_models_that_rest_and_no_time_where_nothing_happened(
    member: Callable[..., Member],
) -> None:
    resting = member()
    resting.models = {
        "z": Standing("cooling", "busy", NOON, NOON + 4),
        "b": Standing("exhausted", "no", NOON, NOON + 3600),
    }

    status = resting.status(None)

    assert (status.since, status.until) == (None, None)
    assert status.models == [
        ModelStatus("b", "exhausted", "no", NOON, NOON + 3600),
        ModelStatus("z", "cooling", "busy", NOON, NOON + 4),
    ]


def test_a_model_stands_at_best_as_its_account(member: Callable[..., Member]) -> None:
    resting, spent = Standing("cooling", "busy", NOON, NOON + 4), Standing("exhausted", "spent")
    account = member()
    account.models = {"m": resting}

    assert (account.standing_for("m"), account.standing_for("n")) == (resting, READY)
    account.stand(spent)
    assert (account.standing_for("m"), account.standing_for("n")) == (spent, spent)
    assert not account.can_serve("n")


def test_a_model_and_its_account_lapse_each_at_its_time(member: Callable[..., Member]) -> None:
    account, spent = member(), Standing("exhausted", "spent", NOON, NOON + 60)
    account.stand(spent)
    account.models = {"m": Standing("cooling", "busy", NOON, NOON + 4)}

    assert account.settle(NOON + 4) is None
    assert (account.models, account.standing) == ({}, spent)
    assert account.settle(NOON + 60) == spent
    assert account.standing == Standing("ready", "", NOON + 60)


def test_what_an_account_learned_stays_beneath_a_switch_that_is_off(
    member: Callable[..., Member], upper: Random
) -> None:
    account = member()
    account.take(off := replace(account.credential, disabled=True, source="here"), 0, NOON + 1)
    account.take(off, 0, NOON + 2)
    assert account.standing == Standing("disabled", "switched off in here", NOON + 1)
    assert not account.settle(NOON + 2)

    account.learn(AccountSuspended("locked"), "m", NOON + 3, upper)
    assert account.standing.state == "disabled"
    account.take(replace(off, disabled=False), 0, NOON + 4)
    assert account.standing == Standing("quarantined", "locked", NOON + 3)


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("needs-login", "ready"),
        ("cooling", "ready"),
        ("exhausted", "exhausted"),
        ("quarantined", "quarantined"),
    ],
)
def test_another_login_mends_what_a_token_can_mend(
    member: Callable[..., Member], state: Any, after: str
) -> None:
    account = member()
    account.stand(Standing(state, "why", NOON))
    account.missed_refreshes, account.no_refresh_before, account.mended_at = 3, NOON + 9, NOON
    account.wallet = Wallet(profile_arn=TOLD)

    account.take(replace(account.credential, refresh_token=Secret("new")), 2, NOON + 1)

    assert (account.standing.state, account.position) == (after, 2)
    assert (account.missed_refreshes, account.no_refresh_before) == (0, 0.0)
    assert account.mended_at is None
    assert account.wallet == Wallet(
        Secret("access-a"), NOON + 3600, Secret("new"), profile_arn=TOLD
    )


def test_our_own_token_that_stands_in_the_file_now_is_no_other_login(
    member: Callable[..., Member],
) -> None:
    account, cooling = member(), Standing("cooling", "pause", NOON, NOON + 9)
    account.wallet = Wallet(Secret("new"), NOON + 7200, Secret("seed-a+"), Secret("seed-a"))
    account.serve(NOON)
    account.stand(cooling)
    written_back = replace(account.credential, refresh_token=Secret("seed-a+"))

    account.take(written_back, 0, NOON + 1)

    assert (account.standing, account.token) == (cooling, Secret("new"))
    assert account.wallet.previous == Secret("seed-a")
    assert account.key == written_back.fingerprint


def test_a_corrected_registration_is_another_login_though_the_token_is_the_same(
    member: Callable[..., Member],
) -> None:
    account = member(kind="oidc", client_secret=Secret("wrong"))
    account.stand(Standing("needs-login", "the client registration is unknown", NOON))

    account.take(replace(account.credential, client_secret=Secret("right")), 0, NOON + 1)

    assert account.standing.state == "ready"


def test_a_newer_access_token_of_the_same_login_is_used(member: Callable[..., Member]) -> None:
    account = member()
    newer = replace(account.credential, access_token=Secret("newer"), expires_at=NOON + 9000)

    account.take(newer, 0, NOON)
    account.take(replace(newer, access_token=Secret("older"), expires_at=NOON + 8000), 0, NOON)

    assert (account.token, account.expires_at) == (Secret("newer"), NOON + 9000)


def test_a_newer_access_token_that_works_ends_the_need_of_a_login(
    member: Callable[..., Member],
) -> None:
    account, restarted = member(), member(access_token=Secret("newer"), expires_at=NOON + 9000)
    account.stand(Standing("needs-login", "dead", NOON))
    account.is_dead = True
    record = account.record(NOON)
    ended = replace(account.credential, access_token=Secret("newer"), expires_at=NOON + 3601)
    account.take(ended, 0, NOON + 3601)
    assert account.standing.state == "needs-login"

    account.take(replace(ended, access_token=Secret("x"), expires_at=NOON + 9000), 0, NOON + 3601)
    restarted.restore(record, NOON)

    assert (account.standing.state, account.is_dead) == ("ready", False)
    assert restarted.standing.state == "ready"


def test_a_dead_login_is_not_due_until_its_account_may_serve_again(
    member: Callable[..., Member],
) -> None:
    account = member()
    account.stand(Standing("exhausted", "spent", NOON, NOON + 3300))
    account.is_dead = True
    assert not account.is_due(NOON + 3200)

    account.settle(NOON + 3300)

    assert account.is_due(NOON + 3300)


def test_only_what_another_login_may_inherit_says_where_it_stood(
    member: Callable[..., Member],
) -> None:
    assert member(source="here").record(NOON).source == "here"
    assert member(source="here", named=False).record(NOON).source == ""


def test_a_success_begins_anew_for_the_account_and_the_model_it_was_of(
    member: Callable[..., Member], upper: Random
) -> None:
    account = member()
    account.learn(RateLimited("pause"), "m", NOON, upper)
    account.learn(ModelOverloaded("busy"), "m", NOON, upper)
    account.learn(ModelOverloaded("busy"), "n", NOON, upper)

    account.succeed("m")

    assert account.streaks == {("capacity", "n"): 1}


def test_an_echo_prolongs_a_pause_only_where_kiro_says_how_long(
    member: Callable[..., Member], upper: Random
) -> None:
    account = member()
    assert account.learn(RateLimited("pause"), "m", NOON, upper)
    assert not account.learn(RateLimited("pause"), "m", NOON + 0.5, upper)
    assert not account.learn(AccountRefused("no"), "m", NOON + 0.5, upper)
    assert account.standing.until == NOON + 1
    assert account.learn(RateLimited("pause", retry_after=30.0), "m", NOON + 0.5, upper)
    assert account.standing.until == NOON + 30.5
    assert account.streaks == {("rate-limit", ""): 1}


def test_an_echo_learns_how_long_its_account_rests(
    member: Callable[..., Member], upper: Random
) -> None:
    account, echo, told = member(), RateLimited("pause"), RateLimited("pause", retry_after=7.0)
    account.learn(told, "m", NOON, upper)
    account.learn(echo, "m", NOON + 2, upper)

    assert (told.retry_after, echo.retry_after) == (7, 5)
