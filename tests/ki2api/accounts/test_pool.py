import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ki2api.accounts.account import Credential, StandingChange
from ki2api.accounts.lease import Wish
from ki2api.accounts.profile import SHARED_PROFILES
from ki2api.errors import (
    AccountSuspended,
    ModelNotOffered,
    ModelOverloaded,
    NoAccountLeft,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamUnavailable,
)
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
MakePool = Callable[..., Any]
MakeCredential = Callable[..., Credential]


async def test_accounts_serve_in_turn_in_the_configured_order(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("b"), ready("a"), ready("c"))

    assert await pool.turns(7) == "bacbacb"


async def test_the_turn_is_exact_when_requests_come_at_once(
    make_pool: MakePool, seeded: MakeCredential
) -> None:
    pool = make_pool(seeded("a"), seeded("b"), seeded("c"))

    leases = await asyncio.gather(*(pool.hold() for _ in range(9)))

    assert Counter(lease.name for lease in leases) == {"a": 3, "b": 3, "c": 3}
    assert [status.in_flight for status in pool.statuses()] == [3, 3, 3]


async def test_the_turn_passes_over_accounts_that_must_be_left_alone(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b", disabled=True), ready("c"), ready("d"))
    await pool.serve(RateLimited("pause", retry_after=9.0))

    assert await pool.turns(4) == "cdcd"


async def test_accounts_in_never_are_not_leased(make_pool: MakePool, ready: MakeCredential) -> None:
    pool = make_pool(ready("a"), ready("b"))

    assert await pool.turns(3, never={"a"}) == "bbb"
    with pytest.raises(NoAccountLeft, match="a: was tried for this request"):
        await pool.hold(never={"a", "b"})


async def test_accounts_in_last_are_leased_if_there_is_no_other(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"))

    assert await pool.turns(3, last={"a"}) == "bbb"
    assert await pool.turns(2, last={"a"}, never={"b"}) == "aa"


async def test_an_account_serves_no_more_at_once_than_its_limit(
    make_pool: MakePool, seeded: MakeCredential
) -> None:
    pool = make_pool(seeded("a", max_concurrent=2))
    first, _ = await asyncio.gather(pool.hold(), pool.hold())

    with pytest.raises(NoAccountLeft, match="busy with 2 requests") as left:
        await pool.hold()
    assert left.value.retry_after == 1
    pool.release(first, None)
    assert await pool.serve() == "a"


async def test_a_pool_without_accounts_tells_how_to_add_one(make_pool: MakePool) -> None:
    with pytest.raises(NoAccountLeft, match="there is no account; add one"):
        await make_pool().hold()


async def test_a_lease_has_all_that_a_call_needs(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    lease = await make_pool(ready("a", proxy=Secret("http://p"))).hold(model="m")

    assert (lease.name, lease.token, lease.token_type) == ("a", Secret("access-a"), "")
    assert (lease.profile_arn, lease.region) == (SHARED_PROFILES["social"], "us-east-1")
    assert (lease.proxy, lease.model) == (Secret("http://p"), "m")


async def test_the_lease_of_an_api_key_names_its_token_type(make_pool: MakePool) -> None:
    lease = await make_pool(Credential("k", "api-key", api_key=Secret("ksk_1"))).hold()

    assert (lease.token, lease.token_type, lease.profile_arn) == (Secret("ksk_1"), "API_KEY", "")


async def test_the_profile_that_a_refresh_tells_is_used(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    told = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/MNOPQRSTUVWX"
    service.answer = {"profileArn": told}

    lease = await make_pool(seeded("a")).hold()

    assert (lease.profile_arn, lease.region) == (told, "eu-central-1")


async def test_a_rate_limited_account_cools_and_comes_back(
    make_pool: MakePool, ready: MakeCredential, clock: Any, changes: list[StandingChange]
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    await pool.serve(RateLimited("too many requests", retry_after=5.0))

    assert await pool.turns(3) == "bbb"
    clock.now += 5
    assert await pool.turns(4) == "aaba"
    assert [(change.name, change.before.state, change.after.state) for change in changes] == [
        ("a", "ready", "cooling"),
        ("a", "cooling", "ready"),
    ]


async def test_rate_limits_in_a_row_double_the_pause_until_a_request_goes_well(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool, pauses = make_pool(ready("a")), []
    for fails in (*[True] * 8, False, True):
        await pool.serve(RateLimited("pause") if fails else None)
        until = pool.statuses()[0].until
        pauses.append(until and until - clock.now)
        clock.now = until or clock.now

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, None, 1]


async def test_a_burst_of_rate_limits_counts_as_one(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    for lease in [await pool.hold() for _ in range(10)]:
        pool.release(lease, RateLimited("pause"))

    assert pool.statuses()[0].until == clock.now + 1


async def test_a_spent_account_is_skipped_until_the_next_month(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool = make_pool(ready("a"), ready("b", expires_at=NOON + 1e9))
    await pool.serve(QuotaSpent("spent"))

    clock.now = 1_764_547_199.0  # a second before December
    assert await pool.turns(2) == "bb"
    clock.now += 1
    assert await pool.serve() == "a"


async def test_a_lesser_fault_does_not_shorten_a_graver_standing(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"))
    first, second, third = [await pool.hold() for _ in range(3)]
    pool.release(first, AccountSuspended("locked"))
    pool.release(second, RateLimited("pause"))
    pool.release(third, None)

    assert pool.states() == {"a": "quarantined"}


@pytest.mark.parametrize(
    "error", [UpstreamUnavailable("x"), ValueError(), asyncio.CancelledError()]
)
async def test_faults_of_others_do_not_harm_the_account(
    make_pool: MakePool, ready: MakeCredential, error: BaseException
) -> None:
    pool = make_pool(ready("a"))
    await pool.serve(error)

    assert (pool.states(), pool.statuses()[0].failures) == ({"a": "ready"}, 0)


async def test_the_counts_say_what_an_account_did(
    make_pool: MakePool, seeded: MakeCredential, clock: Any
) -> None:
    pool = make_pool(seeded("a"))
    await pool.serve()
    lease = await pool.hold()
    pool.release(lease, TokenExpired("refused"))
    pool.release(lease, TokenExpired("released twice by mistake"))

    [status] = pool.statuses()
    assert (status.requests, status.failures, status.refreshes, status.in_flight) == (2, 1, 1, 0)
    assert (status.state, status.until) == ("cooling", clock.now + 60)


async def test_a_status_encodes_to_json_without_a_token(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"))
    await pool.hold()

    text = msgspec.json.encode(pool.statuses()).decode()

    assert '"name":"a"' in text
    assert "access-a" not in text
    assert "seed-a" not in text


async def test_two_suspended_accounts_within_a_minute_close_the_pool(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool = make_pool(ready("a"), ready("b"), ready("c"))
    await pool.serve(AccountSuspended("locked"))
    await pool.serve(AccountSuspended("suspect", retry_after=1800.0))

    with pytest.raises(NoAccountLeft, match="two accounts were suspended") as left:
        await pool.hold()
    assert left.value.retry_after == 300
    clock.now += 300
    assert await pool.serve() == "c"


async def test_a_reset_clears_what_a_person_may_clear(
    make_pool: MakePool, ready: MakeCredential, seeded: MakeCredential, service: Any
) -> None:
    service.dead = {"seed-e"}
    pool = make_pool(ready("a"), ready("b"), ready("c"), ready("d", disabled=True), seeded("e"))
    await pool.serve(RateLimited("pause"))
    await pool.serve(QuotaSpent("spent"))
    await pool.serve(AccountSuspended("locked"))
    with pytest.raises(NoAccountLeft):
        await pool.hold()

    assert pool.reset() == 3
    assert pool.states() == {
        "a": "ready", "b": "ready", "c": "ready", "d": "disabled", "e": "needs-login",
    }  # fmt: skip
    assert pool.reset() == 0


async def test_a_reset_of_one_account_leaves_the_others(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    await pool.serve(QuotaSpent("spent"))
    await pool.serve(QuotaSpent("spent"))

    assert pool.reset("a") == 1
    assert pool.reset("nobody") == 0
    assert pool.states() == {"a": "ready", "b": "exhausted"}


async def test_a_reset_opens_a_closed_pool(make_pool: MakePool, ready: MakeCredential) -> None:
    pool = make_pool(ready("a"), ready("b"), ready("c"))
    await pool.serve(AccountSuspended("locked"))
    await pool.serve(AccountSuspended("locked"))

    assert pool.breaker_remaining() == 300
    pool.reset("a")
    assert pool.breaker_remaining() == 0
    assert pool.states() == {"a": "ready", "b": "quarantined", "c": "ready"}


async def test_a_pool_that_closes_during_a_refresh_serves_nobody(
    make_pool: MakePool, ready: MakeCredential, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(ready("a"), ready("b"), seeded("c"))
    first, second = await pool.hold(), await pool.hold()
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(pool.complaint())
        while not service.asked:
            await asyncio.sleep(0)
        pool.release(first, AccountSuspended("locked"))
        pool.release(second, AccountSuspended("locked"))
        service.gate.set()

    assert "two accounts were suspended" in waiting.result()


async def test_a_client_that_left_before_the_answer_changes_nothing(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    await pool.serve(RateLimited("pause"))
    clock.now += 1
    pool.release(await pool.hold(), None, served=False)
    pool.release(await pool.hold(), asyncio.CancelledError(), served=False)
    await pool.serve(RateLimited("pause"))

    assert pool.statuses()[0].until == clock.now + 2


@pytest.mark.parametrize(
    "model_fault", [ModelOverloaded("busy"), ModelNotOffered("not in this plan")]
)
async def test_a_fault_of_a_model_rests_that_model_alone(
    make_pool: MakePool, ready: MakeCredential, model_fault: Exception
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    await pool.serve(model_fault, model="m")

    assert await pool.turns(2, model="m") == "bb"
    assert await pool.serve(model="n") == "a"
    assert pool.states() == {"a": "ready", "b": "ready"}
    [of_a, of_b] = [status.models for status in pool.statuses()]
    assert [(each.model, each.reason) for each in of_a] == [("m", str(model_fault))]
    assert of_b == []


async def test_a_model_without_capacity_rests_longer_each_time_until_it_serves(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool, pauses = make_pool(ready("a", expires_at=NOON + 1e9)), []
    for fails in (*[True] * 6, False, True):
        await pool.serve(ModelOverloaded("busy") if fails else None, model="m")
        await pool.serve(model="n")
        models = pool.statuses()[0].models
        pauses.append(models[0].until - clock.now if models else None)
        clock.now += 100

    assert pauses == [4, 8, 16, 32, 60, 60, None, 4]


async def test_a_model_that_no_account_offers_is_told_as_that(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    await pool.serve(ModelNotOffered("no"), model="m")
    await pool.serve(ModelNotOffered("no"), model="m")

    with pytest.raises(ModelNotOffered, match="No account's plan offers 'm'"):
        await pool.hold(model="m")


async def test_a_pause_that_kiro_did_not_time_is_told_to_whoever_waits_for_it(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool, error = make_pool(ready("a")), RateLimited("pause")
    await pool.serve(error)

    assert error.retry_after == 1


async def test_a_suspension_makes_a_suspicion_of_the_same_account_final(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"))
    first, second = await pool.hold(), await pool.hold()
    pool.release(first, AccountSuspended("suspect", retry_after=1800.0))
    pool.release(second, AccountSuspended("locked"))

    [status] = pool.statuses()
    assert (status.state, status.until, status.reason) == ("quarantined", None, "locked")


async def test_a_reset_clears_the_pauses_of_models(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"))
    await pool.serve(ModelOverloaded("busy"), model="m")

    assert pool.reset("a") == 1
    assert await pool.serve(model="m") == "a"


async def test_a_reset_forgets_how_often_an_account_has_failed(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool, pauses = make_pool(ready("a")), []
    for _ in range(2):
        clock.now = pool.statuses()[0].until or clock.now
        await pool.serve(RateLimited("pause"))
        pauses.append(pool.statuses()[0].until - clock.now)
    assert pool.reset() == 1
    await pool.serve(RateLimited("pause"))

    assert [*pauses, pool.statuses()[0].until - clock.now] == [1, 2, 1]


async def test_what_has_lapsed_by_itself_is_nothing_to_reset(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    await pool.serve(RateLimited("pause", retry_after=5.0))
    clock.now += 5

    assert pool.reset() == 0


async def test_a_person_is_told_once_when_the_pool_closes(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    told: list[str] = []
    pool = make_pool(ready("a"), ready("b"), ready("c"), told=told.append)
    leases = [await pool.hold() for _ in range(3)]
    for lease in leases[:2]:
        pool.release(lease, AccountSuspended("locked"))

    assert len(told) == 1
    assert "two accounts were suspended" in told[0]


async def test_the_names_stand_in_their_order(make_pool: MakePool, ready: MakeCredential) -> None:
    assert make_pool(ready("b"), ready("a")).names() == ["b", "a"]


async def test_a_look_at_who_would_serve_takes_no_turn_and_renews_no_token(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"), seeded("b", disabled=True), seeded("c"))

    peeked = [pool.peek(Wish()) for _ in range(3)]

    assert {lease.name for lease in peeked} == {"a"}
    assert not any(lease.held for lease in peeked)
    assert [(each.requests, each.in_flight) for each in pool.statuses()] == [(0, 0)] * 3
    assert service.asked == []
    assert (await pool.hold()).name == "a"
    assert pool.peek(Wish()).name == "c"
    with pytest.raises(NoAccountLeft):
        pool.peek(Wish(never={"a", "c"}))
