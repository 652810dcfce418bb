"""The pool and its tokens: when it refreshes, and what a failed refresh leads to."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import httpx
import pytest

from ki2api.accounts.account import Credential
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    NoAccountLeft,
    NoSignIn,
    RateLimited,
    TokenExpired,
)
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
MakePool = Callable[..., Any]
MakeCredential = Callable[..., Credential]


async def test_a_hundred_leases_of_an_account_whose_token_has_ended_refresh_once(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    clock.now += 3600

    leases = await asyncio.gather(*(pool.hold() for _ in range(100)))

    assert {lease.token for lease in leases} == {Secret("access-1")}
    assert len(service.asked) == 1


async def test_a_token_near_its_end_is_renewed_beside_the_request(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    clock.now += 3000
    service.gate = asyncio.Event()

    early = await asyncio.gather(*(pool.hold() for _ in range(3)))
    service.gate.set()
    await pool.stop()

    assert {lease.token for lease in early} == {Secret("access-a")}
    assert len(service.asked) == 1
    assert (await pool.hold()).token == Secret("access-1")


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
        await pool.hold()
    assert "a: cooling for 1 s: its sign-in service answered 503" in left.value.detail
    assert left.value.retry_after == 1


async def test_a_caller_that_leaves_during_a_refresh_gives_its_place_back(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"))
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        leaver = group.create_task(pool.hold())
        stayer = group.create_task(pool.hold())
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
    earlier = await pool.hold()
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
    lease = await pool.hold()

    await pool.renew(lease)

    assert lease.token == Secret("access-1")
    assert service.tokens == ["seed-a"]


async def test_requests_that_are_refused_together_renew_once(
    make_pool: MakePool, ready: MakeCredential, service: Any
) -> None:
    pool = make_pool(ready("a"))
    leases = [await pool.hold() for _ in range(20)]

    await asyncio.gather(*(pool.renew(lease) for lease in leases[:10]))
    await asyncio.gather(*(pool.renew(lease) for lease in leases[10:]))

    assert {lease.token for lease in leases} == {Secret("access-1")}
    assert len(service.asked) == 1


async def test_a_refused_api_key_cannot_be_renewed(make_pool: MakePool) -> None:
    pool = make_pool(Credential("k", "api-key", api_key=Secret("ksk_1")))
    lease = await pool.hold()

    with pytest.raises(AccountRefused, match="API key") as refused:
        await pool.renew(lease)
    pool.release(lease, refused.value)
    assert pool.states() == {"k": "cooling"}


async def test_a_refused_access_token_that_stands_alone_needs_a_login(make_pool: MakePool) -> None:
    pool = make_pool(Credential("x", "social", access_token=Secret("alone")))
    lease = await pool.hold()

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
    lease = await pool.hold()
    service.fault = answer

    with pytest.raises(error):
        await pool.renew(lease)


async def test_a_token_that_was_renewed_just_now_and_is_refused_again_is_not_renewed_again(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    lease = await pool.hold()
    await pool.renew(lease)
    clock.now += 59

    with pytest.raises(AccountRefused, match="renewed just now"):
        await pool.renew(lease)
    clock.now += 1
    await pool.renew(lease)
    assert service.tokens == ["seed-a", "seed-a+"]


async def test_a_dead_login_is_not_tried_again_for_each_request_that_was_under_way(
    make_pool: MakePool, ready: MakeCredential, service: Any
) -> None:
    service.dead = {"seed-a"}
    pool = make_pool(ready("a"))
    for lease in [await pool.hold() for _ in range(5)]:
        with pytest.raises(AccountRefused, match="needs a new login"):
            await pool.renew(lease)

    assert service.tokens == ["seed-a"]


async def test_a_suspended_account_is_not_used_again_for_a_request_that_was_under_way(
    make_pool: MakePool, ready: MakeCredential, service: Any, kiro: Any
) -> None:
    kiro.arns = {"us-east-1": ("arn:another",)}
    pool = make_pool(ready("a"))
    lease, other = await pool.hold(), await pool.hold()
    pool.release(other, AccountSuspended("locked"))

    with pytest.raises(AccountRefused, match="quarantined: locked"):
        await pool.renew(lease)
    assert not await pool.find_profile(lease)
    assert service.asked == []


async def test_an_account_that_is_suspended_during_its_renewal_is_not_used_again(
    make_pool: MakePool, ready: MakeCredential, service: Any
) -> None:
    pool = make_pool(ready("a"))
    lease, other = await pool.hold(), await pool.hold()
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        renewing = group.create_task(_refused(pool, lease))
        while not service.asked:
            await asyncio.sleep(0)
        pool.release(other, AccountSuspended("locked"))
        service.gate.set()

    assert renewing.result() == "quarantined: locked"


async def test_a_failed_refresh_does_not_cover_a_suspension(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    pool = make_pool(ready("a"))
    lease = await pool.hold()
    clock.now += 3600
    service.gate, service.fault = asyncio.Event(), httpx.Response(503)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(pool.complaint())
        while not service.asked:
            await asyncio.sleep(0)
        pool.release(lease, AccountSuspended("locked"))
        service.gate.set()

    assert "a: quarantined: locked" in waiting.result()
    assert pool.statuses()[0].until is None


async def test_each_account_is_renewed_at_a_moment_of_its_own(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    chance = Random(7)  # noqa: S311 - a seed that gives the same moments each time
    pool = make_pool(*(ready(str(number)) for number in range(20)), random=chance)
    renewed = []
    for _ in range(7):
        await pool.turns(20)
        await pool.rest()
        renewed.append(len(service.asked))
        clock.now += 3000 if clock.now == NOON else 60

    assert renewed[0] == renewed[1] == 0
    assert renewed[-1] == 20
    assert len(set(renewed)) > 4


async def test_what_another_program_rotated_is_leased_and_none_of_ours_is_spent(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    theirs = ready(
        "a",
        refresh_token=Secret("theirs"),
        access_token=Secret("access-theirs"),
        expires_at=NOON + 7200,
    )

    async def look(_: Credential) -> Credential:
        return theirs

    pool = make_pool(ready("a"), look=look)
    clock.now += 3600

    leases = await asyncio.gather(*(pool.hold() for _ in range(20)))

    assert {lease.token for lease in leases} == {Secret("access-theirs")}
    assert service.asked == []


async def test_a_person_may_have_a_token_renewed(
    make_pool: MakePool, ready: MakeCredential, service: Any
) -> None:
    pool = make_pool(
        ready("a"), Credential("k", "api-key", api_key=Secret("ksk_1")), ready("off", disabled=True)
    )

    assert await pool.refresh("a") == ""
    assert service.tokens == ["seed-a"]
    assert "an API key is not refreshed" in await pool.refresh("k")
    assert "it is disabled: switched off" in await pool.refresh("off")
    with pytest.raises(KeyError):
        await pool.refresh("nobody")


async def test_a_person_may_try_a_dead_login_again(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    service.dead = {"seed-a"}
    pool = make_pool(seeded("a"))

    assert "the refresh token is not valid" in await pool.refresh("a")
    assert pool.states() == {"a": "needs-login"}
    service.dead = set()
    assert await pool.refresh("a") == ""
    assert await pool.serve() == "a"


async def test_a_person_does_not_make_us_renew_what_is_suspended(
    make_pool: MakePool, ready: MakeCredential, service: Any
) -> None:
    pool = make_pool(ready("a"))
    await pool.serve(AccountSuspended("locked"))

    assert await pool.refresh("a") == "it is quarantined: locked"
    assert service.asked == []


async def _refused(pool: Any, lease: Any) -> str:
    with pytest.raises(AccountRefused) as refused:
        await pool.renew(lease)
    return refused.value.detail


class Lower(Random):
    """Makes every pause end as it begins."""

    def uniform(self, a: float, b: float) -> float:
        return a


async def test_a_pause_that_is_over_before_anybody_looks_hides_no_fault_of_the_sign_in_service(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"), random=Lower())
    service.fault = httpx.Response(500)

    with pytest.raises(NoSignIn, match="a: was tried for this request: its sign-in service"):
        await pool.hold()
    assert [status.state for status in pool.statuses()] == ["ready"]
