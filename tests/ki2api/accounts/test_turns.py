"""Whose turn it is where an account could serve, and others had better."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ki2api.accounts.account import Credential
from ki2api.errors import RateLimited

pytestmark = pytest.mark.anyio

MakePool = Callable[..., Any]
MakeCredential = Callable[..., Credential]


@pytest.fixture
async def after_a_pause(make_pool: MakePool, ready: MakeCredential, clock: Any) -> Any:
    """Two accounts, of which the first was throttled, has rested, and has its turn now."""
    pool = make_pool(ready("a"), ready("b"))
    assert await pool.serve(RateLimited("slow")) == "a"
    clock.now += 61
    assert await pool.serve() == "b"
    return pool


async def test_an_account_that_failed_last_is_tried_by_one_request_at_a_time(
    after_a_pause: Any,
) -> None:
    tried = [await after_a_pause.hold() for _ in range(4)]
    assert [lease.name for lease in tried] == ["a", "b", "b", "b"]

    after_a_pause.release(tried[0], None)
    assert [(await after_a_pause.hold()).name for _ in range(2)] == ["a", "a"]


@pytest.mark.parametrize("past", [{"never": {"c"}}, {"last": {"c"}}])
async def test_an_account_that_failed_last_is_tried_by_no_request_that_repeats(
    after_a_pause: Any, past: dict[str, Any]
) -> None:
    assert await after_a_pause.serve(**past) == "b"
    assert await after_a_pause.serve() == "a"


async def test_an_account_that_failed_last_is_better_than_none(after_a_pause: Any) -> None:
    assert await after_a_pause.serve(never={"b"}) == "a"


async def test_nobody_waits_for_a_token_where_another_account_has_one(
    make_pool: MakePool, seeded: MakeCredential, ready: MakeCredential, service: Any
) -> None:
    pool, service.gate = make_pool(seeded("a"), ready("b")), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(pool.hold())
        while not service.asked:
            await asyncio.sleep(0)
        served = await pool.turns(3)
        service.gate.set()

    assert (served, waiting.result().name) == ("bbb", "a")
    assert await pool.serve() == "a"
