"""What a pool keeps over a restart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ki2api.accounts.account import Credential
from ki2api.accounts.ledger import FileStore, MemoryStore
from ki2api.accounts.pool import AccountPool, Lease
from ki2api.accounts.refresh import Refresher
from ki2api.errors import (
    AccountSuspended,
    NoAccountLeft,
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
    assert (await again.lease()).token == Secret("access-3")
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
    with pytest.raises(NoAccountLeft):
        await pool.lease()
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


async def test_what_was_wrong_with_the_state_is_told_after_the_start(
    make_pool: MakePool, seeded: MakeCredential, tmp_path: Path
) -> None:
    (tmp_path / "state.json").write_bytes(b"{")
    pool = make_pool(seeded("a"), store=FileStore(tmp_path / "state.json"))
    await pool.start()

    assert "was moved to state.json.corrupt-1" in pool.warnings[-1]
    assert await pool.serve() == "a"
    await pool.stop()
