"""Which profile an account gets; that a pool asks for it is told here too."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ki2api.accounts.account import Credential
from ki2api.accounts.companion import NoProfiles
from ki2api.accounts.ledger import MemoryStore
from ki2api.errors import (
    AccountSuspended,
    GatewayError,
    NoAccountLeft,
    ProfileRefused,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamUnavailable,
)
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

EUROPE = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EUROPE"
AMERICA = "arn:aws:codewhisperer:us-east-1:123456789012:profile/AMERICA"
IDENTITY_CENTER = {"kind": "oidc", "start_url": "https://d-1.awsapps.com/start"}
MakePool = Callable[..., Any]
MakeCredential = Callable[..., Credential]


def regions(kiro: Any) -> list[str]:
    return [region for question, _, region in kiro.asked if question == "profiles"]


async def test_the_profile_of_an_identity_center_is_looked_up_once(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": (), "eu-central-1": (EUROPE, "arn:second")}
    pool = make_pool(ready("a", **IDENTITY_CENTER))

    leases = [await pool.hold() for _ in range(3)]

    assert {(lease.profile_arn, lease.region) for lease in leases} == {(EUROPE, "eu-central-1")}
    assert regions(kiro) == ["us-east-1", "eu-central-1"]
    assert pool.statuses()[0].has_profile
    await pool.stop()


async def test_the_region_of_the_sign_in_is_asked_first(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"eu-central-1": (EUROPE,), "us-east-1": (AMERICA,)}
    pool = make_pool(ready("a", region="eu-west-1", **IDENTITY_CENTER))

    assert (await pool.hold()).profile_arn == EUROPE
    assert regions(kiro) == ["eu-central-1"]
    await pool.stop()


async def test_a_given_region_of_the_api_is_asked_first_but_the_profiles_own_wins(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-gov-west-1": (AMERICA,)}
    pool = make_pool(ready("a", api_region="us-gov-west-1", **IDENTITY_CENTER))

    assert (await pool.hold()).region == "us-east-1"
    assert regions(kiro) == ["us-gov-west-1"]
    await pool.stop()


@pytest.mark.parametrize("kind", ["social", "api-key"])
async def test_kinds_without_a_profile_of_their_own_are_not_asked_about(
    make_pool: MakePool, ready: MakeCredential, kiro: Any, kind: str
) -> None:
    pool = make_pool(ready("a", kind=kind, api_key=Secret("ksk_1")))
    await pool.serve()
    await pool.stop()

    assert kiro.count("profiles") == 0


async def test_that_there_are_no_profiles_is_remembered_for_an_hour(
    make_pool: MakePool, ready: MakeCredential, kiro: Any, clock: Any
) -> None:
    kiro.arns = {"us-east-1": NoProfiles(), "eu-central-1": (EUROPE,)}
    pool = make_pool(ready("a", expires_at=clock.now + 1e6, **IDENTITY_CENTER))

    await pool.turns(3)
    assert regions(kiro) == ["us-east-1"]
    clock.now += 3600
    await pool.turns(2)
    assert regions(kiro) == ["us-east-1"] * 2
    await pool.stop()


async def test_a_question_that_fails_rests_a_minute_and_the_request_goes_as_it_is(
    make_pool: MakePool, ready: MakeCredential, kiro: Any, clock: Any
) -> None:
    kiro.arns = dict.fromkeys(("us-east-1", "eu-central-1"), UpstreamUnavailable("down"))
    pool = make_pool(ready("a", **IDENTITY_CENTER))

    assert await pool.turns(3) == "aaa"
    assert len(regions(kiro)) == 2
    clock.now += 60
    kiro.arns = {"us-east-1": (AMERICA,)}
    assert (await pool.hold()).profile_arn == AMERICA
    await pool.stop()


async def test_a_region_that_fails_does_not_hide_the_profile_of_another(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": UpstreamUnavailable("down"), "eu-central-1": (EUROPE,)}
    pool = make_pool(ready("a", **IDENTITY_CENTER))

    assert (await pool.hold()).profile_arn == EUROPE
    await pool.stop()


async def test_where_no_region_has_one_the_request_goes_as_it_is(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": (), "eu-central-1": ()}
    pool = make_pool(ready("a", **IDENTITY_CENTER))

    assert (await pool.hold()).profile_arn == ""
    assert not pool.statuses()[0].has_profile
    await pool.stop()


async def test_a_profile_that_was_found_outlives_a_restart(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": (AMERICA,)}
    store = MemoryStore()
    first = make_pool(ready("a", **IDENTITY_CENTER), store=store)
    await first.serve()
    await first.stop()

    again = make_pool(ready("a", **IDENTITY_CENTER), store=store)
    await again.start()
    assert (await again.hold()).profile_arn == AMERICA
    assert kiro.count("profiles") == 1
    await again.stop()


async def test_a_refused_profile_is_looked_up_and_the_lease_has_the_other_one(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": (AMERICA,)}
    pool = make_pool(ready("a"))
    lease, behind = await pool.hold(), await pool.hold()

    assert await pool.find_profile(lease)
    assert await pool.find_profile(behind)
    assert lease.profile_arn == behind.profile_arn == AMERICA
    assert kiro.count("profiles") == 1
    await pool.stop()


async def test_an_account_that_is_suspended_meanwhile_gets_no_other_profile(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": (AMERICA,)}
    kiro.gates["profiles"].clear()
    pool = make_pool(ready("a"))
    lease, other = await pool.hold(), await pool.hold()
    async with asyncio.TaskGroup() as group:
        finding = group.create_task(pool.find_profile(lease))
        while not kiro.asked:
            await asyncio.sleep(0)
        pool.release(other, AccountSuspended("locked"))
        kiro.gates["profiles"].set()

    assert not finding.result()
    assert lease.profile_arn != AMERICA
    await pool.stop()


@pytest.mark.parametrize("told", [(), (AMERICA,), NoProfiles(), UpstreamUnavailable("down")])
async def test_where_there_is_no_other_profile_the_refusal_stands(
    make_pool: MakePool, ready: MakeCredential, kiro: Any, told: Any
) -> None:
    kiro.arns = {"us-east-1": told, "eu-central-1": ()}
    pool = make_pool(ready("a", profile_arn=AMERICA))
    lease = await pool.hold()

    assert not await pool.find_profile(lease)
    assert lease.profile_arn == AMERICA
    await pool.stop()


async def test_a_profile_that_a_person_gave_is_not_replaced(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": (EUROPE,)}
    pool = make_pool(ready("a", profile_arn=AMERICA))
    lease = await pool.hold()

    for _ in range(2):
        assert not await pool.find_profile(lease)
    assert (await pool.hold()).profile_arn == AMERICA
    assert kiro.count("profiles") == 1
    await pool.stop()


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        (AccountSuspended("locked"), "quarantined"),
        (RateLimited("pause", retry_after=9.0), "cooling"),
        (QuotaSpent("spent"), "exhausted"),
    ],
)
async def test_an_account_that_is_refused_at_this_question_is_left_for_another(
    make_pool: MakePool, ready: MakeCredential, kiro: Any, refusal: GatewayError, state: str
) -> None:
    kiro.arns = dict.fromkeys(("us-east-1", "eu-central-1"), refusal)
    pool = make_pool(ready("a", **IDENTITY_CENTER), ready("b"))

    assert await pool.turns(3) == "bbb"
    assert pool.states() == {"a": state, "b": "ready"}
    assert regions(kiro) == ["us-east-1"]
    await pool.stop()


async def test_two_suspensions_at_this_question_open_the_breaker(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": AccountSuspended("locked")}
    pool = make_pool(*(ready(name, **IDENTITY_CENTER) for name in "abc"))

    with pytest.raises(NoAccountLeft, match="two accounts were suspended"):
        await pool.hold()
    assert pool.states() == {"a": "quarantined", "b": "quarantined", "c": "ready"}
    assert [name for _, name, _ in kiro.asked] == ["a", "b"]
    await pool.stop()


async def test_no_other_region_is_asked_once_the_breaker_is_open(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": (), "eu-central-1": (EUROPE,)}
    kiro.gates["profiles"].clear()
    pool = make_pool(ready("a"), ready("b"), ready("c", **IDENTITY_CENTER))
    leases = [await pool.hold() for _ in range(2)]
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(pool.complaint())
        while not kiro.asked:
            await asyncio.sleep(0)
        for lease in leases:
            pool.release(lease, AccountSuspended("locked"))
        kiro.gates["profiles"].set()

    assert "two accounts were suspended" in asking.result()
    assert regions(kiro) == ["us-east-1"]
    await pool.stop()


@pytest.mark.parametrize("refusal", [TokenExpired("old"), ProfileRefused("not authorized")])
async def test_what_is_refused_in_one_region_is_not_asked_in_another(
    make_pool: MakePool, ready: MakeCredential, kiro: Any, refusal: GatewayError
) -> None:
    kiro.arns = {"us-east-1": refusal, "eu-central-1": (EUROPE,)}
    pool = make_pool(ready("a", **IDENTITY_CENTER))

    assert await pool.serve() == "a"
    assert regions(kiro) == ["us-east-1"]
    await pool.stop()


async def test_while_kiro_fails_requests_too_the_question_is_put_once_an_hour(
    make_pool: MakePool, ready: MakeCredential, kiro: Any, clock: Any
) -> None:
    kiro.arns = dict.fromkeys(("us-east-1", "eu-central-1"), UpstreamUnavailable("down"))
    pool = make_pool(ready("a", expires_at=clock.now + 1e6, **IDENTITY_CENTER))
    for _ in range(61):
        await pool.serve(UpstreamUnavailable("down"))
        clock.now += 60
    assert len(regions(kiro)) == 4

    kiro.arns = {"us-east-1": (AMERICA,)}
    await pool.serve()
    clock.now += 120
    assert (await pool.hold()).profile_arn == AMERICA
    await pool.stop()
