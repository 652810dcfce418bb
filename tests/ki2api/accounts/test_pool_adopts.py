"""What a pool makes of a list of accounts that has changed while it runs."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from ki2api.accounts.account import Credential
from ki2api.accounts.ledger import MemoryStore
from ki2api.errors import AccountError, AccountSuspended, QuotaSpent, RateLimited
from ki2api.models import Model
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
MakePool = Callable[..., Any]
MakeCredential = Callable[..., Credential]


async def test_the_same_accounts_keep_their_counts_and_leases(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    lease = await pool.hold()
    await pool.turns(3)
    before = pool.statuses()

    pool.adopt([ready("a"), ready("b")])

    assert pool.statuses() == before
    pool.release(lease, RateLimited("pause"))
    assert pool.states() == {"a": "cooling", "b": "ready"}


async def test_another_order_is_the_order_of_the_turns(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"), ready("c"))

    pool.adopt([ready("c"), ready("a"), ready("b")])

    assert pool.names() == ["c", "a", "b"]
    assert await pool.turns(3) == "cab"


async def test_a_new_token_mends_a_dead_login(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    service.dead = {"seed-a"}
    pool = make_pool(seeded("a"))
    await pool.complaint()
    assert pool.states() == {"a": "needs-login"}

    pool.adopt([seeded("a", refresh_token=Secret("after a login"))])

    assert await pool.serve() == "a"
    assert service.tokens == ["seed-a", "after a login"]


@pytest.mark.parametrize("error", [AccountSuspended("locked"), QuotaSpent("spent")])
async def test_a_new_token_mends_neither_a_suspension_nor_a_spent_plan(
    make_pool: MakePool, ready: MakeCredential, error: Exception
) -> None:
    pool = make_pool(ready("a"))
    await pool.serve(error)
    before = pool.states()

    pool.adopt([ready("a", refresh_token=Secret("after a login"))])

    assert pool.states() == before


async def test_a_suspended_account_whose_login_is_dead_too_stays_suspended(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    service.dead = {"seed-a"}
    pool = make_pool(ready("a"))
    lease = await pool.hold()
    clock.now += 3600
    assert "needs a new login" in await pool.complaint()
    pool.release(lease, AccountSuspended("locked"))
    assert pool.states() == {"a": "quarantined"}

    pool.adopt([ready("a", refresh_token=Secret("after a login"))])

    assert pool.states() == {"a": "quarantined"}


async def test_a_renamed_account_keeps_its_rotated_token_and_its_standing(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"))
    await pool.serve()
    await pool.serve(RateLimited("pause"))

    pool.adopt([seeded("b", refresh_token=Secret("seed-a"))])

    assert pool.states() == {"b": "cooling"}
    assert pool.statuses()[0].requests == 2
    assert service.tokens == ["seed-a"]


async def test_two_accounts_that_swap_their_names_stay_who_they_are(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    a, b = ready("a"), ready("b")
    pool = make_pool(a, b)
    await pool.serve(QuotaSpent("spent"))

    pool.adopt([replace(a, name="b"), replace(b, name="a")])

    assert pool.states() == {"b": "exhausted", "a": "ready"}
    assert (await pool.hold()).token == Secret("access-b")


async def test_an_old_login_under_a_new_name_beside_its_successor_is_an_account_of_its_own(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    a = ready("a")
    pool = make_pool(a)

    pool.adopt([ready("a", refresh_token=Secret("new")), replace(a, name="old")])

    assert await pool.turns(2) == "aold"


async def test_a_lease_of_a_removed_account_can_be_given_back(
    make_pool: MakePool, ready: MakeCredential, service: Any
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    lease = await pool.hold()

    pool.adopt([ready("b")])

    assert await pool.turns(2) == "bb"
    await pool.renew(lease)
    assert lease.token == Secret("access-1")
    pool.release(lease, RateLimited("pause"))
    assert pool.states() == {"b": "ready"}


async def test_an_account_that_comes_back_goes_on_with_its_rotated_token_and_standing(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"))
    await pool.serve(RateLimited("pause"))

    pool.adopt([])
    pool.adopt([seeded("a")])

    assert pool.states() == {"a": "cooling"}
    assert pool.reset() == 1
    assert (await pool.hold()).token == Secret("access-1")
    assert service.tokens == ["seed-a"]


async def test_an_account_that_comes_back_waits_for_the_refresh_it_left_behind(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"))
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        gone = group.create_task(pool.complaint())
        while not service.asked:
            await asyncio.sleep(0)
        pool.adopt([])
        pool.adopt([seeded("a")])
        back = group.create_task(pool.hold())
        await asyncio.sleep(0)
        pool.adopt([])
        pool.adopt([seeded("a")])
        service.gate.set()
        gone.cancel()

    assert back.result().token == Secret("access-1")
    assert service.tokens == ["seed-a"]


async def test_a_suspended_account_that_comes_back_with_another_login_stays_suspended(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"))
    await pool.serve(AccountSuspended("locked"))
    await pool.rest()

    pool.adopt([])
    pool.adopt([ready("a", refresh_token=Secret("after a login"))])

    assert pool.states() == {"a": "quarantined"}


async def test_an_account_that_goes_during_its_refresh_does_not_serve(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"))
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(pool.complaint())
        while not service.asked:
            await asyncio.sleep(0)
        pool.adopt([])
        service.gate.set()

    assert "there is no account" in waiting.result()


@pytest.mark.parametrize("learned", [None, AccountSuspended("locked"), RateLimited("pause")])
async def test_a_switch_turns_an_account_off_and_on_and_mends_nothing(
    make_pool: MakePool, ready: MakeCredential, learned: Exception | None
) -> None:
    pool = make_pool(ready("a"))
    await pool.serve(learned)
    before = pool.states()

    pool.adopt([ready("a", disabled=True, source="config.toml:5")])
    assert pool.states() == {"a": "disabled"}
    assert "switched off in config.toml:5" in await pool.complaint()
    assert pool.reset() == 0
    pool.adopt([ready("a")])

    assert pool.states() == before


async def test_a_switch_that_is_off_hides_no_suspension_from_a_restart(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    store = MemoryStore()
    pool = make_pool(ready("a"), store=store)
    lease = await pool.hold()
    pool.adopt([ready("a", disabled=True)])
    pool.release(lease, AccountSuspended("locked"))
    await pool.stop()

    again = make_pool(ready("a"), store=store)
    await again.start()
    assert again.states() == {"a": "quarantined"}
    await again.stop()


async def test_the_same_login_twice_is_two_accounts_that_do_not_mix(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    a = ready("a")
    pool = make_pool(a, replace(a, name="twin"))

    assert await pool.turns(2) == "atwin"
    pool.adopt([a, replace(a, name="twin")])
    assert pool.names() == ["a", "twin"]
    assert [status.in_flight for status in pool.statuses()] == [0, 0]


async def test_what_kiro_told_of_an_account_is_not_taken_for_another_of_its_name(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    kiro.lists = {"a": (Model("opus"),), "b": (Model("haiku"),)}
    a, b = ready("a"), ready("b")
    pool = make_pool(a, b)
    await pool.learn_models()

    pool.adopt([replace(a, name="b")])
    await pool.learn_models()
    assert pool.offered() == (Model("haiku"),)
    assert kiro.count("models") == 3
    pool.adopt([replace(a, name="b")])
    await pool.learn_models()
    assert kiro.count("models") == 3


async def test_that_there_was_no_profile_is_not_believed_of_another_login_of_that_name(
    make_pool: MakePool, ready: MakeCredential, kiro: Any
) -> None:
    pool = make_pool(ready("a", kind="oidc", start_url="https://d-1.awsapps.com/start"))
    assert (await pool.hold()).profile_arn == ""

    kiro.arns = {"us-east-1": ("arn:aws:codewhisperer:us-east-1:123456789012:profile/NEW",)}
    another = Secret("of-somebody-else")
    login = {"kind": "oidc", "start_url": "https://d-2.awsapps.com/start"}
    pool.adopt([ready("a", refresh_token=another, **login)])
    assert (await pool.hold()).profile_arn.endswith("profile/NEW")
    await pool.stop()


async def test_a_new_proxy_or_weight_is_in_force_at_once(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"))

    pool.adopt([ready("a", proxy=Secret("http://p"), weight=3), ready("b")])

    assert (await pool.hold()).proxy == Secret("http://p")
    assert (await pool.turns(8)).count("a") == 6


async def test_undoing_an_edit_finds_the_rotated_token_again(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    store = MemoryStore()
    pool = make_pool(seeded("a"), store=store)
    await pool.serve()
    pool.adopt([seeded("a", refresh_token=Secret("other"))])
    await pool.serve()

    pool.adopt([seeded("a")])
    assert (await pool.hold()).token == Secret("access-1")
    await pool.stop()

    assert service.tokens == ["seed-a", "other"]
    record = (await store.load())[seeded("a").fingerprint]
    assert (record.wallet.refresh, record.wallet.previous) == (Secret("seed-a+"), Secret("seed-a"))


async def test_a_place_that_shows_another_accounts_login_gives_nothing(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    async def look(credential: Credential) -> Credential | None:
        return replace(b, name="a") if credential.name == "a" else None

    b = seeded("b")
    pool = make_pool(seeded("a"), b, look=look)

    assert await pool.turns(2) == "ab"
    assert service.tokens == ["seed-a", "seed-b"]


async def test_an_account_that_is_gone_takes_no_other_login(
    make_pool: MakePool, ready: MakeCredential, seeded: MakeCredential, service: Any
) -> None:
    looked: list[str] = []
    here, gone = asyncio.Event(), asyncio.Event()

    async def look(credential: Credential) -> Credential | None:
        looked.append(credential.name)
        here.set()
        await gone.wait()
        return seeded(credential.name, refresh_token=Secret("of another"))

    pool = make_pool(ready("a"), ready("b"), look=look)
    lease, late = await pool.hold(), await pool.hold()
    async with asyncio.TaskGroup() as group:
        group.create_task(pool.renew(lease))
        await here.wait()
        pool.adopt([])
        gone.set()
    await pool.renew(late)

    assert looked == ["a"]
    assert service.tokens == ["seed-a", "seed-b"]


async def test_an_account_put_before_others_without_names_takes_nothing_of_theirs(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    store = MemoryStore()
    a, b, new = [replace(ready(name), named=False, source="here") for name in ("a", "b", "new")]
    pool = make_pool(replace(a, name="account_1"), replace(b, name="account_2"), store=store)
    await pool.serve(AccountSuspended("locked"))
    expected = {"account_1": "ready", "account_2": "quarantined", "account_3": "ready"}

    after = [replace(each, name=f"account_{n}") for n, each in enumerate((new, a, b), 1)]
    pool.adopt(after)
    assert (pool.states(), pool.breaker_remaining()) == (expected, 0)
    await pool.stop()

    again = make_pool(*after, store=store)
    await again.start()
    assert (again.states(), again.breaker_remaining()) == (expected, 0)
    await again.stop()


async def test_one_suspended_account_counts_once_under_all_its_logins(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    lease, other = await pool.hold(), await pool.hold()
    later = await pool.hold()
    assert (lease.name, other.name, later.name) == ("a", "b", "a")
    pool.release(lease, AccountSuspended("locked"))

    pool.adopt([ready("a", refresh_token=Secret("after a login")), ready("b")])
    pool.release(later, AccountSuspended("locked"))
    assert pool.breaker_remaining() == 0
    pool.adopt([ready("b")])
    pool.adopt([ready("b"), ready("a", refresh_token=Secret("yet another"))])

    assert pool.states() == {"b": "ready", "a": "quarantined"}
    assert pool.breaker_remaining() == 0


async def test_one_account_that_is_suspended_goes_and_comes_back_is_not_two(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"))
    logged_in = ready("a", refresh_token=Secret("after a login"))
    pool.adopt([logged_in, ready("b")])
    lease = await pool.hold()
    assert lease.name == "a"
    pool.release(lease, AccountSuspended("locked"))

    pool.adopt([ready("b")])
    pool.adopt([logged_in, ready("b")])

    assert pool.states() == {"a": "quarantined", "b": "ready"}
    assert pool.breaker_remaining() == 0


async def test_a_suspension_that_a_reset_has_ended_for_the_pool_is_no_news_when_it_comes_back(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"), ready("b"), ready("c"))
    await pool.start()
    leases = [await pool.hold() for _ in range(3)]
    pool.release(leases[0], AccountSuspended("locked"))
    pool.reset("c")
    pool.release(leases[1], AccountSuspended("locked"))
    assert pool.breaker_remaining() == 0

    pool.adopt([ready("b"), ready("c")])
    pool.adopt([ready("a"), ready("b"), ready("c")])
    assert pool.states() == {"a": "quarantined", "b": "quarantined", "c": "ready"}
    assert pool.breaker_remaining() == 0


async def test_a_token_that_comes_late_goes_to_the_account_that_has_its_login_now(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    pool = make_pool(seeded("a"))
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(pool.hold())
        while not service.asked:
            await asyncio.sleep(0)
        new = seeded("a", refresh_token=Secret("new"))
        pool.adopt([new])
        pool.adopt([new, seeded("old", refresh_token=Secret("seed-a"))])
        service.gate.set()

    assert first.result().token == Secret("access-2")
    assert service.tokens == ["seed-a", "new"]
    assert (await pool.hold()).token == Secret("access-1")
    assert pool.names() == ["a", "old"]


async def test_accounts_that_are_gone_are_forgotten_once_nothing_of_them_is_under_way(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    pool = make_pool(ready("a"))
    lease = await pool.hold()
    for number in range(9):
        pool.adopt([ready(f"a{number}")])
    assert len(pool._departed) == 1

    pool.release(lease, None)
    pool.adopt([])

    assert pool._departed == []


async def test_a_newer_access_token_in_its_file_ends_the_need_of_a_login_also_after_a_restart(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    store = MemoryStore()
    service.dead = {"seed-a"}
    pool = make_pool(seeded("a"), store=store)
    await pool.complaint()
    assert pool.states() == {"a": "needs-login"}

    newer = seeded("a", access_token=Secret("newer"), expires_at=NOON + 3600)
    pool.adopt([newer])
    assert (await pool.hold()).token == Secret("newer")
    await pool.stop()

    again = make_pool(newer, store=store)
    await again.start()
    assert again.states() == {"a": "ready"}
    await again.stop()


async def test_a_dead_login_of_a_spent_account_is_tried_once_until_the_plan_returns(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    service.dead = {"seed-a"}
    pool = make_pool(ready("a"))
    await pool.serve(QuotaSpent("spent", retry_after=86_400.0))
    clock.now += 3600
    for _ in range(20):
        clock.now += 61
        await pool.usages("a")
    assert service.tokens == ["seed-a"]

    clock.now += 86_400
    await pool.complaint()
    assert pool.states() == {"a": "needs-login"}
    assert service.tokens == ["seed-a"] * 2


async def test_a_reset_of_a_spent_account_tries_its_dead_login_once_more(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    service.dead = {"seed-a"}
    pool = make_pool(ready("a"))
    await pool.serve(QuotaSpent("spent", retry_after=86_400.0))
    clock.now += 3600
    await pool.usages("a")
    service.dead = set()

    assert pool.reset() == 1
    assert await pool.serve() == "a"


async def test_the_dead_login_of_an_account_that_is_gone_is_not_tried_by_each_of_its_leases(
    make_pool: MakePool, ready: MakeCredential, service: Any, clock: Any
) -> None:
    service.dead = {"seed-a"}
    pool = make_pool(ready("a"))
    leases = [await pool.hold() for _ in range(3)]
    pool.release(leases.pop(), QuotaSpent("spent", retry_after=60.0))
    pool.adopt([])
    clock.now += 3600

    for lease in leases:
        with pytest.raises(AccountError):
            await pool.renew(lease)
    assert service.tokens == ["seed-a"]
