"""The pool and its tokens: when it refreshes, and what a failed refresh leads to."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ki2api.accounts.account import Credential
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    NoAccountLeft,
    RateLimited,
    TokenExpired,
)
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
MakePool = Callable[..., Any]
MakeCredential = Callable[..., Credential]


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
        assert await pool.serve() == "a"
        await asyncio.sleep(0.01)
    assert len(service.asked) == 1

    clock.now += 20
    await pool.serve()
    await pool.stop()
    assert len(service.asked) == 2


async def test_an_account_whose_refresh_fails_is_passed_over(
    make_pool: MakePool, seeded: MakeCredential, ready: MakeCredential, service: Any
) -> None:
    service.fault = httpx.ConnectError("no")
    pool = make_pool(seeded("a"), ready("b"))

    assert await pool.turns(3) == "bbb"
    assert pool.states() == {"a": "cooling", "b": "ready"}
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
        while not service.asked:
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
        waiting = group.create_task(pool.complaint())
        await asyncio.sleep(0.01)
        pool.release(earlier, AccountSuspended("locked"))
        service.gate.set()

    assert "a: quarantined: locked" in waiting.result()


async def test_a_dead_refresh_token_takes_the_account_out_until_a_login(
    make_pool: MakePool, seeded: MakeCredential, service: Any, clock: Any
) -> None:
    service.dead = {"seed-a"}
    pool = make_pool(seeded("a"), seeded("b"))

    assert await pool.turns(2) == "bb"
    clock.now += 86_400 * 30
    assert pool.states()["a"] == "needs-login"
    assert pool.reset() == 0
    assert service.tokens.count("seed-a") == 1


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
    assert pool.states() == {"k": "cooling"}


async def test_a_refused_access_token_that_stands_alone_needs_a_login(make_pool: MakePool) -> None:
    pool = make_pool(Credential("x", "social", access_token=Secret("alone")))
    lease = await pool.lease()

    with pytest.raises(AccountRefused, match="needs a new login"):
        await pool.renew(lease)
    assert pool.states() == {"x": "needs-login"}


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
