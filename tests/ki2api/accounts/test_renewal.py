"""The refreshes themselves; what the pool makes of them is told in test_pool.py."""

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import httpx
import pytest

from ki2api.accounts.account import Credential, Standing, Wallet
from ki2api.accounts.errands import Errands
from ki2api.accounts.keeper import Keeper
from ki2api.accounts.ledger import MemoryStore, Record
from ki2api.accounts.member import Member
from ki2api.accounts.renewal import Renewals, renewed
from ki2api.accounts.signin import NeedsLogin, Refresher, RefreshFailed, Tokens
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0


class SlowStore(MemoryStore):
    """Lets a test look at the moment before a record is durable."""

    def __init__(self) -> None:
        super().__init__()
        self.saving = asyncio.Event()
        self.may_end = asyncio.Event()

    async def save(self, key: str, record: Record) -> None:
        self.saving.set()
        await self.may_end.wait()
        await super().save(key, record)


class Bench:
    """One member and its renewals, with all marks that they made.

    `found` is what stands in its file: the first one is found by the first look, and so on.
    """

    def __init__(
        self, refresher: Refresher, clock: Callable[[], float], random: Random, member: Member
    ) -> None:
        self.marks: list[Standing] = []
        self.store = SlowStore()
        self.store.may_end.set()
        self.member = member
        self.found: list[Credential | None] = []
        self.holders: dict[str, Member] = {}
        self.written: list[tuple[str, Secret, Tokens]] = []
        self.renewals = Renewals(
            refresher,
            Keeper(self.store, Errands(), clock),
            lambda _, standing: self.marks.append(standing),
            holder=self.holders.get,
            look=self._look,
            write_back=self._write_back,
            clock=clock,
            random=random,
        )

    async def _look(self, _: Member) -> Credential | None:
        return self.found.pop(0) if self.found else None

    async def _write_back(self, login: Credential, sent: Secret, tokens: Tokens) -> None:
        self.written.append((login.fingerprint, sent, tokens))

    async def renew(self) -> Any:
        return await self.renewals.outcome(self.member)

    async def kept(self) -> Mapping[str, Record]:
        return await self.store.load()


@pytest.fixture
def bench(
    refresher: Refresher,
    clock: Callable[[], float],
    upper: Random,
    seeded: Callable[..., Credential],
) -> Bench:
    return Bench(refresher, clock, upper, Member(seeded("a"), 0, NOON, 400.0))


async def test_a_refresh_brings_a_token_and_keeps_the_one_before(bench: Bench) -> None:
    assert await bench.renew() is None

    assert bench.member.token == Secret("access-1")
    assert bench.member.wallet.refresh == Secret("seed-a+")
    assert bench.member.wallet.previous == Secret("seed-a")
    assert bench.member.refreshes == 1


async def test_a_token_is_durable_before_it_is_used(bench: Bench) -> None:
    bench.store.may_end.clear()
    task = bench.renewals.begin(bench.member)
    await bench.store.saving.wait()

    assert bench.member.token is None
    bench.store.may_end.set()
    await task
    assert bench.member.token == Secret("access-1")
    assert (await bench.kept())[bench.member.key].wallet == bench.member.wallet


async def test_parallel_refreshes_of_one_account_are_one(bench: Bench, service: Any) -> None:
    outcomes = await asyncio.gather(*(bench.renew() for _ in range(50)))

    assert outcomes == [None] * 50
    assert service.tokens == ["seed-a"]


async def test_a_waiter_that_leaves_does_not_stop_the_refresh_of_the_others(
    bench: Bench, service: Any
) -> None:
    service.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        leaver = group.create_task(bench.renew())
        stayer = group.create_task(bench.renew())
        while not service.asked:
            await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.sleep(0)
        service.gate.set()

    assert leaver.cancelled()
    assert stayer.result() is None
    assert len(service.asked) == 1


async def test_a_dead_token_is_final(bench: Bench, service: Any) -> None:
    service.dead = {"seed-a"}

    assert isinstance(await bench.renew(), NeedsLogin)
    assert [mark.state for mark in bench.marks] == ["needs-login"]
    assert len(service.asked) == 1


async def test_the_previous_token_is_tried_once_when_the_current_one_is_dead(
    bench: Bench, service: Any
) -> None:
    bench.member.wallet = Wallet(refresh=Secret("lost"), previous=Secret("before"))
    service.dead = {"lost"}

    assert await bench.renew() is None
    assert service.tokens == ["lost", "before"]
    assert bench.member.wallet.refresh == Secret("before+")
    assert bench.marks == []


async def test_two_dead_tokens_need_a_login(bench: Bench, service: Any) -> None:
    bench.member.wallet = Wallet(refresh=Secret("lost"), previous=Secret("before"))
    service.dead = {"lost", "before"}

    assert isinstance(await bench.renew(), NeedsLogin)
    assert service.tokens == ["lost", "before"]


async def test_without_a_refresh_token_only_a_login_helps(bench: Bench, service: Any) -> None:
    bench.member.wallet = Wallet(access=Secret("alone"))

    assert isinstance(await bench.renew(), NeedsLogin)
    assert service.asked == []


async def test_a_transient_fault_cools_an_account_whose_token_has_ended(
    bench: Bench, service: Any, clock: Any
) -> None:
    service.fault = httpx.Response(503)

    assert isinstance(await bench.renew(), RefreshFailed)
    assert isinstance(await bench.renew(), RefreshFailed)
    assert [mark.until for mark in bench.marks] == [NOON + 1, NOON + 2]
    assert "its sign-in service answered 503" in bench.marks[0].reason


async def test_a_transient_fault_leaves_a_working_token_in_use(bench: Bench, service: Any) -> None:
    await bench.renew()
    service.fault = httpx.Response(429, headers={"retry-after": "30"})

    assert isinstance(await bench.renew(), RefreshFailed)
    assert bench.marks == []
    assert bench.member.token == Secret("access-1")
    assert bench.member.no_refresh_before == NOON + 30


async def test_a_refresh_that_works_ends_the_row_of_faults(bench: Bench, service: Any) -> None:
    service.fault = httpx.Response(503)
    await bench.renew()
    service.fault = None
    await bench.renew()

    assert bench.member.missed_refreshes == 0


async def test_another_programs_token_is_adopted_and_none_of_ours_is_spent(
    bench: Bench, service: Any, ready: Callable[..., Credential]
) -> None:
    bench.found = [ready("a", refresh_token=Secret("rotated by the IDE"))]

    assert await bench.renew() is None
    assert bench.member.token == Secret("access-a")
    assert bench.member.wallet.refresh == Secret("rotated by the IDE")
    assert service.asked == []


async def test_another_programs_refresh_token_is_used_where_its_access_token_has_ended(
    bench: Bench, service: Any, ready: Callable[..., Credential]
) -> None:
    bench.found = [ready("a", refresh_token=Secret("theirs"), expires_at=NOON - 1)]

    assert await bench.renew() is None
    assert service.tokens == ["theirs"]
    assert bench.member.wallet.previous == Secret("theirs")


async def test_a_file_that_changes_during_the_refresh_is_looked_at_again(
    bench: Bench, service: Any, ready: Callable[..., Credential]
) -> None:
    bench.found = [None, ready("a", refresh_token=Secret("theirs"))]
    service.dead = {"seed-a"}

    assert await bench.renew() is None
    assert service.tokens == ["seed-a"]
    assert (bench.member.token, bench.marks) == (Secret("access-a"), [])


async def test_where_only_the_refresh_token_was_changed_meanwhile_that_one_is_tried(
    bench: Bench, service: Any, seeded: Callable[..., Credential]
) -> None:
    bench.member.wallet = Wallet(refresh=Secret("lost"), previous=Secret("before"))
    bench.found = [None, seeded("a", refresh_token=Secret("theirs"))]
    service.dead = {"lost"}

    assert await bench.renew() is None
    assert service.tokens == ["lost", "theirs"]


async def test_when_all_that_is_known_is_dead_only_a_login_helps(
    bench: Bench, service: Any, seeded: Callable[..., Credential]
) -> None:
    bench.found = [None, seeded("a", refresh_token=Secret("theirs"))]
    service.dead = {"seed-a", "theirs"}

    assert isinstance(await bench.renew(), NeedsLogin)
    assert service.tokens == ["seed-a", "theirs"]
    assert [mark.state for mark in bench.marks] == ["needs-login"]


async def test_the_token_that_is_in_use_is_not_adopted_again(
    bench: Bench, service: Any, ready: Callable[..., Credential]
) -> None:
    bench.member = Member(ready("a"), 0, NOON, 400.0)
    bench.found = [ready("a", refresh_token=Secret("theirs"))]

    assert await bench.renew() is None
    assert service.tokens == ["theirs"]


async def test_what_was_rotated_is_written_back_with_what_was_sent(bench: Bench) -> None:
    key = bench.member.key
    await bench.renew()

    assert bench.written == [
        (key, Secret("seed-a"), Tokens(Secret("access-1"), Secret("seed-a+"), NOON + 3600))
    ]


async def test_a_login_that_takes_the_place_during_a_refresh_is_not_covered_by_its_answer(
    bench: Bench, service: Any, ready: Callable[..., Credential]
) -> None:
    before, service.gate = bench.member.key, asyncio.Event()
    task = bench.renewals.begin(bench.member)
    while not service.asked:
        await asyncio.sleep(0)
    bench.member.take(ready("a", refresh_token=Secret("after a login")), 0, NOON)
    service.gate.set()

    assert await task is None
    assert bench.member.wallet.refresh == Secret("after a login")
    assert (await bench.kept())[before].wallet.refresh == Secret("seed-a+")
    assert (service.tokens, bench.written) == (["seed-a"], [])


async def test_a_late_answer_revives_the_account_that_has_its_login_now(
    bench: Bench, service: Any, ready: Callable[..., Credential], seeded: Callable[..., Credential]
) -> None:
    heir = Member(seeded("old", refresh_token=Secret("seed-a")), 0, NOON, 9.0)
    heir.stand(Standing("needs-login", "its token was spent", NOON))
    heir.is_dead = True
    bench.holders[heir.key], service.gate = heir, asyncio.Event()
    task = bench.renewals.begin(bench.member)
    while not service.asked:
        await asyncio.sleep(0)
    bench.member.take(ready("a", refresh_token=Secret("after a login")), 0, NOON)
    service.gate.set()

    assert await task is None
    assert (heir.token, heir.standing.state, heir.is_dead) == (Secret("access-1"), "ready", False)
    assert (await bench.kept())[heir.key].wallet == heir.wallet


async def test_a_login_that_takes_the_place_without_an_access_token_is_renewed_in_turn(
    bench: Bench, service: Any, seeded: Callable[..., Credential]
) -> None:
    service.gate = asyncio.Event()
    task = bench.renewals.begin(bench.member)
    while not service.asked:
        await asyncio.sleep(0)
    bench.member.take(seeded("a", refresh_token=Secret("after a login")), 0, NOON)
    service.gate.set()

    assert await task is None
    assert service.tokens == ["seed-a", "after a login"]
    assert bench.member.token == Secret("access-2")


async def test_a_dead_token_does_not_condemn_the_login_that_replaced_it(
    bench: Bench, service: Any, seeded: Callable[..., Credential]
) -> None:
    service.dead, service.gate = {"seed-a"}, asyncio.Event()
    task = bench.renewals.begin(bench.member)
    while not service.asked:
        await asyncio.sleep(0)
    bench.member.take(seeded("a", refresh_token=Secret("after a login")), 0, NOON)
    service.gate.set()

    assert await task is None
    assert service.tokens == ["seed-a", "after a login"]
    assert bench.marks == []


async def test_an_account_that_is_renamed_during_its_refresh_is_not_renewed_twice(
    bench: Bench, service: Any, seeded: Callable[..., Credential]
) -> None:
    service.gate = asyncio.Event()
    task = bench.renewals.begin(bench.member)
    bench.member.take(seeded("b", refresh_token=Secret("seed-a")), 0, NOON)

    assert bench.renewals.begin(bench.member) is task
    service.gate.set()
    await task
    assert service.tokens == ["seed-a"]


async def test_what_has_not_ended_within_the_grace_is_cancelled(bench: Bench, service: Any) -> None:
    service.gate = asyncio.Event()
    task = bench.renewals.begin(bench.member)

    await bench.renewals.finish(0.0)

    assert task.cancelled()


def test_a_token_that_is_not_rotated_stays_and_has_no_previous_one() -> None:
    wallet = Wallet(Secret("old"), 1.0, Secret("r"), Secret("before"), "arn:kept")
    tokens = Tokens(Secret("new"), None, 2.0)

    assert renewed(wallet, Secret("r"), tokens) == Wallet(
        Secret("new"), 2.0, Secret("r"), None, "arn:kept"
    )


def test_a_profile_that_is_told_replaces_the_one_before() -> None:
    tokens = Tokens(Secret("new"), Secret("r2"), 2.0, "arn:told")

    assert renewed(Wallet(profile_arn="arn:kept"), Secret("r"), tokens).profile_arn == "arn:told"


async def test_a_token_that_was_rotated_without_an_access_token_is_kept_and_sent_next(
    bench: Bench, service: Any
) -> None:
    service.answer = {"accessToken": None}

    assert isinstance(await bench.renew(), RefreshFailed)
    kept = (await bench.kept())[bench.member.key].wallet
    assert (kept.refresh, kept.previous) == (Secret("seed-a+"), Secret("seed-a"))
    assert [mark.state for mark in bench.marks] == ["cooling"]

    service.answer = {}
    assert await bench.renew() is None
    assert service.tokens == ["seed-a", "seed-a+"]


async def test_a_token_that_was_rotated_for_a_login_that_is_gone_is_kept_for_it(
    bench: Bench, service: Any, seeded: Callable[..., Credential]
) -> None:
    service.answer, service.gate = {"accessToken": None}, asyncio.Event()
    key = bench.member.key
    task = bench.renewals.begin(bench.member)
    while not service.asked:
        await asyncio.sleep(0)
    bench.member.take(seeded("a", refresh_token=Secret("other")), 0, NOON)
    service.gate.set()

    assert isinstance(await task, RefreshFailed)
    assert (await bench.kept())[key].wallet.refresh == Secret("seed-a+")
    assert bench.member.wallet.refresh == Secret("other")
