"""What a pool keeps over a restart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ki2api.accounts.account import Credential
from ki2api.accounts.lease import Wish
from ki2api.accounts.ledger import FileStore, MemoryStore
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.signin import Refresher
from ki2api.errors import (
    AccountSuspended,
    ModelOverloaded,
    QuotaSpent,
    RateLimited,
)
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
MakePool = Callable[..., Any]
MakeCredential = Callable[..., Credential]


async def test_rotated_tokens_and_lasting_standings_outlive_a_restart(
    make_pool: MakePool, seeded: MakeCredential, service: Any, tmp_path: Path
) -> None:
    accounts = (seeded("a"), seeded("b"), seeded("c"), seeded("d"))
    service.dead = {"seed-d"}
    pool = make_pool(*accounts, store=FileStore(tmp_path / "state.json"))
    await pool.start()
    await pool.serve(QuotaSpent("spent"))
    await pool.serve(AccountSuspended("locked"))
    await pool.serve()
    await pool.serve()
    await pool.stop()

    again = make_pool(*accounts, store=FileStore(tmp_path / "state.json"))
    await again.start()

    assert again.states() == {
        "a": "exhausted", "b": "quarantined", "c": "ready", "d": "needs-login",
    }  # fmt: skip
    asked = len(service.asked)
    assert (await again.hold()).token == Secret("access-3")
    assert len(service.asked) == asked
    await again.stop()


async def test_a_cleared_mark_stays_cleared_after_a_restart(
    make_pool: MakePool, ready: MakeCredential
) -> None:
    store = MemoryStore()
    pool = make_pool(ready("a"), store=store)
    await pool.serve(AccountSuspended("locked"))
    pool.reset()
    await pool.stop()

    again = make_pool(ready("a"), store=store)
    await again.start()
    assert again.states() == {"a": "ready"}


async def test_a_new_seed_begins_afresh(
    make_pool: MakePool, seeded: MakeCredential, service: Any
) -> None:
    store = MemoryStore()
    service.dead = {"seed-a"}
    pool = make_pool(seeded("a"), store=store)
    assert "needs a new login" in await pool.complaint()
    await pool.stop()

    again = make_pool(seeded("a", refresh_token=Secret("after-login")), store=store)
    await again.start()
    assert await again.serve() == "a"
    assert service.tokens == ["seed-a", "after-login"]


async def test_a_state_that_cannot_be_written_is_told_and_the_token_used(
    make_pool: MakePool, seeded: MakeCredential, tmp_path: Path
) -> None:
    (tmp_path / "blocked").write_bytes(b"")
    pool = make_pool(seeded("a"), store=FileStore(tmp_path / "blocked" / "state.json"))
    await pool.start()

    assert (await pool.hold()).token == Secret("access-1")
    assert "memory only" in pool.degraded
    await pool.stop()


async def test_a_pool_needs_no_more_than_accounts_a_refresher_and_a_store(
    refresher: Refresher, kiro: Any
) -> None:
    key = Credential("k", "api-key", api_key=Secret("ksk_1"))
    pool = AccountPool([key], refresher, MemoryStore(), companion=kiro)

    pool.release(await pool.lease(Wish()), RateLimited("pause"))
    await pool.stop()

    assert isinstance(pool.statuses()[0].until, float)
    assert pool.degraded == ""


async def test_what_was_wrong_with_the_state_is_told_after_the_start(
    make_pool: MakePool, seeded: MakeCredential, tmp_path: Path
) -> None:
    (tmp_path / "state.json").write_bytes(b"{")
    pool = make_pool(seeded("a"), store=FileStore(tmp_path / "state.json"))
    await pool.start()

    assert "was moved to state.json.corrupt-1" in pool.warnings[-1]
    assert await pool.serve() == "a"
    await pool.stop()


async def test_pauses_of_accounts_and_models_outlive_a_restart(
    make_pool: MakePool, ready: MakeCredential, clock: Any, tmp_path: Path
) -> None:
    pool = make_pool(ready("a"), ready("b"), store=FileStore(tmp_path / "state.json"))
    await pool.start()
    await pool.serve(RateLimited("pause", retry_after=30.0))
    await pool.serve(ModelOverloaded("busy"), model="m")
    before = [(status.state, status.until, status.models) for status in pool.statuses()]
    await pool.stop()

    again = make_pool(ready("a"), ready("b"), store=FileStore(tmp_path / "state.json"))
    await again.start()
    assert [(status.state, status.until, status.models) for status in again.statuses()] == before
    clock.now += 30
    assert again.states() == {"a": "ready", "b": "ready"}
    await again.stop()


@pytest.mark.parametrize("seconds", [-86_400.0, 86_400.0])
async def test_a_clock_that_is_set_between_two_runs_makes_no_pause_longer(
    make_pool: MakePool, ready: MakeCredential, clock: Any, seconds: float
) -> None:
    store = MemoryStore()
    pool = make_pool(ready("a"), store=store)
    await pool.serve(RateLimited("pause", retry_after=30.0))
    await pool.stop()

    clock.now += seconds
    again = make_pool(ready("a"), store=store)
    await again.start()
    until = again.statuses()[0].until
    assert until is None or until - clock.now <= 30
    await again.stop()


@pytest.mark.parametrize(("seconds", "closed_for"), [(0.0, 300), (100.0, 200), (-9999.0, 300)])
async def test_a_pool_that_was_closed_is_closed_after_a_restart(
    make_pool: MakePool, ready: MakeCredential, clock: Any, seconds: float, closed_for: float
) -> None:
    store = MemoryStore()
    pool = make_pool(ready("a"), ready("b"), ready("c"), store=store)
    await pool.serve(AccountSuspended("locked"))
    await pool.serve(AccountSuspended("suspect", retry_after=1800.0))
    await pool.stop()

    clock.now += seconds
    again = make_pool(ready("a"), ready("b"), ready("c"), store=store)
    await again.start()
    assert again.breaker_remaining() == closed_for
    assert "two accounts were suspended" in await again.complaint()
    await again.stop()


async def test_a_suspicion_that_is_over_closes_no_pool(
    make_pool: MakePool, ready: MakeCredential, clock: Any
) -> None:
    store = MemoryStore()
    pool = make_pool(ready("a"), ready("b"), store=store)
    for _ in range(2):
        await pool.serve(AccountSuspended("suspect", retry_after=60.0))
    await pool.stop()

    clock.now += 60
    again = make_pool(ready("a"), ready("b"), store=store)
    await again.start()
    assert again.breaker_remaining() == 0
    assert again.states() == {"a": "ready", "b": "ready"}
    await again.stop()


@pytest.mark.parametrize("error", [AccountSuspended("locked"), QuotaSpent("spent")])
async def test_a_login_that_is_replaced_while_no_gateway_runs_keeps_a_suspension_and_a_spent_plan(
    make_pool: MakePool, ready: MakeCredential, clock: Any, error: Exception
) -> None:
    store = MemoryStore()
    pool = make_pool(ready("a"), store=store)
    await pool.serve(error)
    before = pool.states()
    await pool.stop()

    new_login = ready("a", refresh_token=Secret("after a login"))
    for _ in range(2):
        again = make_pool(new_login, store=store)
        await again.start()
        assert again.states() == before
        await again.stop()
    again = make_pool(new_login, store=store)
    await again.start()
    clock.now += 1
    again.reset()
    await again.stop()
    last = make_pool(ready("a", refresh_token=Secret("yet another")), store=store)
    await last.start()
    assert last.states() == {"a": "ready"}
    await last.stop()


async def test_a_season_of_wrong_clocks_loses_no_token(
    make_pool: MakePool, seeded: MakeCredential, clock: Any, tmp_path: Path
) -> None:
    accounts = (seeded("a"), seeded("b"))
    clock.now = 86_400.0  # a machine without a clock of its own that has just begun
    pool = make_pool(*accounts, store=FileStore(tmp_path / "state.json"))
    await pool.start()
    await pool.turns(2)
    await pool.stop()

    clock.now = NOON
    for _ in range(2):
        again = make_pool(*accounts, store=FileStore(tmp_path / "state.json"))
        await again.start()
        await again.serve()
        await again.stop()
    assert (tmp_path / "state.json").read_text().count('"previous"') == 2
