import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.accounts.account import Credential, StandingChange
from ki2api.accounts.ledger import FileStore, MemoryStore
from ki2api.accounts.pool import AccountPool, Lease
from ki2api.accounts.profile import SHARED_PROFILES
from ki2api.accounts.refresh import Refresher
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    NoAccountLeft,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamUnavailable,
)
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
MakePool = Callable[..., AccountPool]
MakeCredential = Callable[..., Credential]


def states(pool: AccountPool) -> dict[str, str]:
    return {status.name: status.state for status in pool.statuses()}


async def served(pool: AccountPool, error: BaseException | None = None, **how: Any) -> str:
    """Serve one request and return by which account."""
    lease = await pool.lease(**how)
    pool.release(lease, error)
    return lease.name


async def turns(pool: AccountPool, count: int, **how: Any) -> str:
    return "".join([await served(pool, **how) for _ in range(count)])


# The turn


async def test_accounts_serve_in_turn_in_the_configured_order(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("b"), ready("a"), ready("c"))

    assert await turns(pool, 7) == "bacbacb"


async def test_the_turn_is_exact_when_requests_come_at_once(
    make_pool: MakePool, seeded: MakeCredential
) -> None:
    pool = make_pool(seeded("a"), seeded("b"), seeded("c"))

    leases = await asyncio.gather(*(pool.lease() for _ in range(9)))

    assert Counter(lease.name for lease in leases) == {"a": 3, "b": 3, "c": 3}
    assert [status.in_flight for status in pool.statuses()] == [3, 3, 3]


async def test_the_turn_passes_over_accounts_that_must_be_left_alone(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b", disabled=True), ready("c"), ready("d"))
    await served(pool, RateLimited("pause", retry_after=9.0))

    assert await turns(pool, 4) == "cdcd"


async def test_accounts_in_never_are_not_leased(make_pool: MakePool, ready: MakeCredential) -> None:
    pool = make_pool(ready("a"), ready("b"))

    assert await turns(pool, 3, never={"a"}) == "bbb"
    with pytest.raises(NoAccountLeft, match="a: was tried for this request"):
        await pool.lease(never={"a", "b"})


async def test_accounts_in_last_are_leased_if_there_is_no_other(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"))

    assert await turns(pool, 3, last={"a"}) == "bbb"
    assert await turns(pool, 2, last={"a"}, never={"b"}) == "aa"


async def test_an_account_serves_no_more_at_once_than_its_limit(
    make_pool: MakePool, seeded: MakeCredential
) -> None:
    pool = make_pool(seeded("a", max_concurrent=2))
    first, _ = await asyncio.gather(pool.lease(), pool.lease())

    with pytest.raises(NoAccountLeft, match="busy with 2 requests") as left:
        await pool.lease()
    assert left.value.retry_after == 1
    pool.release(first, None)
    assert await served(pool) == "a"


async def test_a_pool_without_accounts_tells_how_to_add_one(make_pool: MakePool) -> None:
    with pytest.raises(NoAccountLeft, match="there is no account; add one"):
        await make_pool().lease()


# What a lease knows


async def test_a_lease_has_all_that_a_call_needs(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    lease = await make_pool(ready("a")).lease()

    assert (lease.name, lease.token, lease.token_type) == ("a", Secret("access-a"), None)
    assert (lease.profile_arn, lease.region) == (SHARED_PROFILES["social"], "us-east-1")


async def test_the_lease_of_an_api_key_names_its_token_type(make_pool: MakePool) -> None:
    lease = await make_pool(Credential("k", "api-key", api_key=Secret("ksk_1"))).lease()

    assert (lease.token, lease.token_type, lease.profile_arn) == (Secret("ksk_1"), "API_KEY", "")


async def test_the_profile_that_a_refresh_tells_is_used(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    told = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/MNOPQRSTUVWX"
    service.answer = {"profileArn": told}

    lease = await make_pool(seeded("a")).lease()

    assert (lease.profile_arn, lease.region) == (told, "eu-central-1")


# Refreshing


async def test_fifty_leases_of_an_account_without_a_token_refresh_once(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"))

    leases = await asyncio.gather(*(pool.lease() for _ in range(50)))

    assert {lease.token for lease in leases} == {Secret("access-1")}
    assert len(service.asked) == 1


async def test_a_token_near_its_end_is_renewed_beside_the_request(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    clock.now += 3000
    service.gate = asyncio.Event()

    early = await asyncio.gather(*(pool.lease() for _ in range(3)))
    service.gate.set()
    await pool.stop()

    assert {lease.token for lease in early} == {Secret("access-a")}
    assert len(service.asked) == 1
    assert (await pool.lease()).token == Secret("access-1")


async def test_a_failed_refresh_ahead_of_the_end_harms_nothing_and_is_not_hurried(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    clock.now += 3100
    service.fault = httpx.Response(500, headers={"retry-after": "20"})

    for _ in range(3):
        assert await served(pool) == "a"
        await asyncio.sleep(0.01)
    assert len(service.asked) == 1

    clock.now += 20
    await served(pool)
    await pool.stop()
    assert len(service.asked) == 2


async def test_an_account_whose_refresh_fails_is_passed_over(
    make_pool: MakePool, seeded: MakeCredential, ready: MakeCredential, service: Any
) -> None:
    service.fault = httpx.ConnectError("no")
    pool = make_pool(seeded("a"), ready("b"))

    assert await turns(pool, 3) == "bbb"
    assert states(pool) == {"a": "cooling", "b": "ready"}
    assert len(service.asked) == 1
    assert [status.in_flight for status in pool.statuses()] == [0, 0]


async def test_when_no_refresh_works_the_caller_is_told_why(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    service.fault = httpx.Response(503)
    pool = make_pool(seeded("a"), seeded("b"))

    with pytest.raises(NoAccountLeft) as left:
        await pool.lease()
    assert "a: cooling for 1 s: its sign-in service answered 503" in left.value.detail
    assert left.value.retry_after == 1


async def test_a_caller_that_leaves_during_a_refresh_gives_its_place_back(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"))
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        leaver = group.create_task(pool.lease())
        stayer = group.create_task(pool.lease())
        while not service.asked:  # noqa: ASYNC110 - the transport is asked some turns later
            await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.sleep(0)
        service.gate.set()

    assert leaver.cancelled()
    assert stayer.result().name == "a"
    assert pool.statuses()[0].in_flight == 1


async def test_an_account_that_was_marked_during_its_refresh_does_not_serve(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    earlier = await pool.lease()
    clock.now += 3600
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(caught(pool))
        await asyncio.sleep(0.01)
        pool.release(earlier, AccountSuspended("locked"))
        service.gate.set()

    assert "a: quarantined: locked" in waiting.result()


async def caught(pool: AccountPool) -> str:
    with pytest.raises(NoAccountLeft) as left:
        await pool.lease()
    return left.value.detail


async def test_a_dead_refresh_token_takes_the_account_out_until_a_login(
    make_pool: MakePool, seeded: MakeCredential, service: Any, clock: Any
) -> None:
    service.dead = {"seed-a"}
    pool = make_pool(seeded("a"), seeded("b"))

    assert await turns(pool, 2) == "bb"
    clock.now += 86_400 * 30
    assert states(pool)["a"] == "needs-login"
    assert pool.reset() == 0
    assert service.tokens.count("seed-a") == 1


# Renewing what Kiro refused


async def test_a_refused_token_is_renewed_in_place(
    make_pool: MakePool, ready: MakeCredential, service: Any
) -> None:
    pool = make_pool(ready("a"))
    lease = await pool.lease()

    await pool.renew(lease)

    assert lease.token == Secret("access-1")
    assert service.tokens == ["seed-a"]


async def test_requests_that_are_refused_together_renew_once(
    make_pool: MakePool, ready: MakeCredential, service: Any
) -> None:
    pool = make_pool(ready("a"))
    leases = [await pool.lease() for _ in range(20)]

    await asyncio.gather(*(pool.renew(lease) for lease in leases[:10]))
    await asyncio.gather(*(pool.renew(lease) for lease in leases[10:]))

    assert {lease.token for lease in leases} == {Secret("access-1")}
    assert len(service.asked) == 1


async def test_a_refused_api_key_cannot_be_renewed(make_pool: MakePool) -> None:
    pool = make_pool(Credential("k", "api-key", api_key=Secret("ksk_1")))
    lease = await pool.lease()

    with pytest.raises(AccountRefused, match="API key") as refused:
        await pool.renew(lease)
    pool.release(lease, refused.value)
    assert states(pool) == {"k": "cooling"}


async def test_a_refused_access_token_that_stands_alone_needs_a_login(make_pool: MakePool) -> None:
    pool = make_pool(Credential("x", "social", access_token=Secret("alone")))
    lease = await pool.lease()

    with pytest.raises(AccountRefused, match="needs a new login"):
        await pool.renew(lease)
    assert states(pool) == {"x": "needs-login"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(429, headers={"retry-after": "7"}), RateLimited),
        (httpx.Response(503), TokenExpired),
        (httpx.Response(400, json={"error": "invalid_grant"}), AccountRefused),
    ],
)
async def test_a_renewal_that_fails_says_what_to_do_with_the_account(
    make_pool: MakePool,
    ready: MakeCredential,
    service: Any,
    answer: httpx.Response,
    error: type[Exception],
) -> None:
    pool = make_pool(ready("a"))
    lease = await pool.lease()
    service.fault = answer

    with pytest.raises(error):
        await pool.renew(lease)


# What an outcome does


async def test_a_rate_limited_account_cools_and_comes_back(
    make_pool: MakePool, ready: MakeCredential, clock: Any, changes: list[StandingChange]
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    await served(pool, RateLimited("too many requests", retry_after=5.0))

    assert await turns(pool, 3) == "bbb"
    clock.now += 5
    assert await turns(pool, 3) == "aba"
    assert [(change.name, change.before.state, change.after.state) for change in changes] == [
        ("a", "ready", "cooling"),
        ("a", "cooling", "ready"),
    ]


async def test_rate_limits_in_a_row_double_the_pause_until_a_request_goes_well(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool, pauses = make_pool(ready("a")), []
    for error in (*[RateLimited("pause")] * 8, None, RateLimited("pause")):
        await served(pool, error)
        until = pool.statuses()[0].until
        pauses.append(until and until - clock.now)
        clock.now = until or clock.now

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, None, 1]


async def test_a_burst_of_rate_limits_counts_as_one(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    for lease in [await pool.lease() for _ in range(10)]:
        pool.release(lease, RateLimited("pause"))

    assert pool.statuses()[0].until == clock.now + 1


async def test_a_spent_account_is_skipped_until_the_next_month(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool = make_pool(ready("a"), ready("b", expires_at=NOON + 1e9))
    await served(pool, QuotaSpent("spent"))

    clock.now = 1_764_547_199.0  # a second before December
    assert await turns(pool, 2) == "bb"
    clock.now += 1
    assert await turns(pool, 2) == "ab"


async def test_a_lesser_fault_does_not_shorten_a_graver_standing(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"))
    first, second, third = [await pool.lease() for _ in range(3)]
    pool.release(first, AccountSuspended("locked"))
    pool.release(second, RateLimited("pause"))
    pool.release(third, None)

    assert states(pool) == {"a": "quarantined"}


@pytest.mark.parametrize(
    "error", [UpstreamUnavailable("x"), ValueError(), asyncio.CancelledError()]
)
async def test_faults_of_others_do_not_harm_the_account(
    make_pool: MakePool, ready: MakeCredential, error: BaseException
) -> None:
    pool = make_pool(ready("a"))
    await served(pool, error)

    assert (states(pool), pool.statuses()[0].failures) == ({"a": "ready"}, 0)


async def test_the_counts_say_what_an_account_did(
    make_pool: MakePool, seeded: MakeCredential, clock: Any
) -> None:
    pool = make_pool(seeded("a"))
    await served(pool)
    lease = await pool.lease()
    pool.release(lease, TokenExpired("refused"))
    pool.release(lease, TokenExpired("released twice by mistake"))

    [status] = pool.statuses()
    assert (status.requests, status.failures, status.refreshes, status.in_flight) == (2, 1, 1, 0)
    assert (status.state, status.until) == ("cooling", clock.now + 60)


async def test_a_status_encodes_to_json_without_a_token(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"))
    await pool.lease()

    text = msgspec.json.encode(pool.statuses()).decode()

    assert '"name":"a"' in text
    assert "access-a" not in text
    assert "seed-a" not in text


# Suspensions and resets


async def test_two_suspended_accounts_within_a_minute_close_the_pool(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    pool = make_pool(ready("a"), ready("b"), ready("c"))
    await served(pool, AccountSuspended("locked"))
    await served(pool, AccountSuspended("suspect", retry_after=1800.0))

    with pytest.raises(NoAccountLeft, match="two accounts were suspended") as left:
        await pool.lease()
    assert left.value.retry_after == 300
    clock.now += 300
    assert await served(pool) == "c"


async def test_a_reset_clears_what_a_person_may_clear(
    make_pool: MakePool, ready: MakeCredential, seeded: MakeCredential, service: Any
) -> None:
    service.dead = {"seed-e"}
    pool = make_pool(ready("a"), ready("b"), ready("c"), ready("d", disabled=True), seeded("e"))
    await served(pool, RateLimited("pause"))
    await served(pool, QuotaSpent("spent"))
    await served(pool, AccountSuspended("locked"))
    with pytest.raises(NoAccountLeft):
        await pool.lease()

    assert pool.reset() == 3
    assert states(pool) == {
        "a": "ready", "b": "ready", "c": "ready", "d": "disabled", "e": "needs-login",
    }  # fmt: skip
    assert pool.reset() == 0


async def test_a_reset_of_one_account_leaves_the_others(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    await served(pool, QuotaSpent("spent"))
    await served(pool, QuotaSpent("spent"))

    assert pool.reset("a") == 1
    assert pool.reset("nobody") == 0
    assert states(pool) == {"a": "ready", "b": "exhausted"}


async def test_a_reset_of_all_opens_a_closed_pool(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"), ready("c"))
    await served(pool, AccountSuspended("locked"))
    await served(pool, AccountSuspended("locked"))

    pool.reset("a")
    with pytest.raises(NoAccountLeft):
        await pool.lease()
    pool.reset()
    assert await served(pool) == "c"


# After a restart


async def test_rotated_tokens_and_lasting_standings_outlive_a_restart(
    make_pool: MakePool, seeded: MakeCredential, service: Any, tmp_path: Path
) -> None:
    accounts = (seeded("a"), seeded("b"), seeded("c"), seeded("d"))
    service.dead = {"seed-d"}
    pool = make_pool(*accounts, store=FileStore(tmp_path / "state.json"))
    await pool.start()
    await served(pool, QuotaSpent("spent"))
    await served(pool, AccountSuspended("locked"))
    await served(pool)
    await served(pool)
    await pool.stop()

    again = make_pool(*accounts, store=FileStore(tmp_path / "state.json"))
    await again.start()

    assert states(again) == {
        "a": "exhausted", "b": "quarantined", "c": "ready", "d": "needs-login",
    }  # fmt: skip
    asked = len(service.asked)
    assert (await again.lease()).token == Secret("access-3")
    assert len(service.asked) == asked
    await again.stop()


async def test_a_cleared_mark_stays_cleared_after_a_restart(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    store = MemoryStore()
    pool = make_pool(ready("a"), store=store)
    await served(pool, AccountSuspended("locked"))
    pool.reset()
    await pool.stop()

    again = make_pool(ready("a"), store=store)
    await again.start()
    assert states(again) == {"a": "ready"}


async def test_a_new_seed_begins_afresh(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    store = MemoryStore()
    service.dead = {"seed-a"}
    pool = make_pool(seeded("a"), store=store)
    with pytest.raises(NoAccountLeft):
        await pool.lease()
    await pool.stop()

    again = make_pool(seeded("a", refresh_token=Secret("after-login")), store=store)
    await again.start()
    assert await served(again) == "a"
    assert service.tokens == ["seed-a", "after-login"]


async def test_a_state_that_cannot_be_written_is_told_and_the_token_used(
    make_pool: MakePool, seeded: MakeCredential, tmp_path: Path
) -> None:
    (tmp_path / "blocked").write_bytes(b"")
    pool = make_pool(seeded("a"), store=FileStore(tmp_path / "blocked" / "state.json"))
    await pool.start()

    assert (await pool.lease()).token == Secret("access-1")
    assert "memory only" in pool.degraded
    await pool.stop()


async def test_a_pool_needs_no_more_than_accounts_a_refresher_and_a_store(
    refresher: Refresher,
) -> None:
    key = Credential("k", "api-key", api_key=Secret("ksk_1"))
    pool = AccountPool([key], refresher, MemoryStore())

    pool.release(await pool.lease(), RateLimited("pause"))

    assert isinstance(pool.statuses()[0].until, float)
    assert pool.degraded == ""


def test_a_lease_shows_no_token() -> None:
    assert "tok-en" not in repr(Lease("a", Secret("tok-en"), None, "", ""))
