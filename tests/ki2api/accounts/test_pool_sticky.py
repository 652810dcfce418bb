"""A conversation that comes back stays on its account while it can."""

from collections.abc import Callable
from typing import Any

import pytest

from ki2api.accounts.account import Credential
from ki2api.errors import (
    AccountSuspended,
    ModelNotOffered,
    ModelOverloaded,
    QuotaSpent,
    RateLimited,
)
from ki2api.models import Model

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
HOUR = 3600.0
BACK = {"session": "s", "comes_back": True, "sticky": HOUR}
NEW = BACK | {"comes_back": False}
MakePool = Callable[..., Any]


@pytest.fixture
def pool(make_pool: MakePool, ready: Callable[..., Credential]) -> Any:
    return make_pool(*(ready(name, expires_at=NOON + 1e9) for name in "abc"))


async def test_a_session_stays_while_others_go_round(pool: Any) -> None:
    assert await pool.serve(**NEW) == "a"
    assert await pool.turns(2) == "bc"
    assert await pool.turns(2, **BACK) == "aa"
    assert await pool.turns(4) == "abca"


async def test_requests_that_only_begin_alike_go_round(pool: Any) -> None:
    assert await pool.turns(4, **NEW) == "abca"
    assert await pool.turns(2, **BACK) == "aa"


async def test_a_session_that_is_not_known_goes_round(pool: Any) -> None:
    assert await pool.turns(2, **BACK) == "aa"
    assert await pool.serve(**(BACK | {"session": "other"})) == "b"


async def test_a_session_is_forgotten_when_it_was_away_for_too_long(pool: Any, clock: Any) -> None:
    assert await pool.serve(**NEW) == "a"
    clock.now += HOUR - 1
    assert await pool.serve(**BACK) == "a"
    clock.now += HOUR
    assert await pool.serve(**BACK) == "b"


async def test_a_short_pause_steers_only_that_request_away(pool: Any, clock: Any) -> None:
    await pool.serve(RateLimited("pause", retry_after=5.0), **NEW)

    assert await pool.turns(2, **BACK) == "bc"
    clock.now += 5
    assert await pool.serve(**BACK) == "a"


async def test_a_long_pause_moves_the_session(pool: Any, clock: Any) -> None:
    await pool.serve(RateLimited("pause", retry_after=600.0), **NEW)

    assert await pool.turns(2, **BACK) == "bb"
    clock.now += 600
    assert await pool.serve(**BACK) == "b"


@pytest.mark.parametrize("error", [QuotaSpent("spent"), AccountSuspended("locked")])
async def test_an_account_that_is_gone_for_long_loses_its_sessions(
    pool: Any, error: Exception
) -> None:
    await pool.serve(error, **NEW)

    assert await pool.turns(2, **BACK) == "bb"
    pool.reset()
    assert await pool.serve(**BACK) == "b"


async def test_a_removed_account_loses_its_sessions(
    pool: Any, ready: Callable[..., Credential]
) -> None:
    await pool.serve(**NEW)
    pool.adopt([ready("b"), ready("c")])

    assert await pool.turns(2, **BACK) == "bb"


async def test_a_model_without_capacity_steers_only_that_request_away(
    pool: Any, clock: Any
) -> None:
    await pool.serve(ModelOverloaded("busy"), model="m", **NEW)

    assert await pool.serve(model="m", **BACK) == "b"
    clock.now += 4
    assert await pool.serve(model="m", **BACK) == "a"


async def test_a_model_that_the_account_does_not_offer_moves_the_session(pool: Any) -> None:
    await pool.serve(ModelNotOffered("not in this plan"), model="m", **NEW)

    assert await pool.turns(2, model="m", **BACK) == "bb"
    assert await pool.serve(model="n", **BACK) == "b"


async def test_a_model_that_the_account_does_not_list_moves_the_session(
    pool: Any, kiro: Any
) -> None:
    kiro.lists = {"a": (Model("haiku"),), "b": (Model("opus"),), "c": (Model("opus"),)}
    await pool.learn_models()
    await pool.serve(model="haiku", **NEW)

    assert await pool.turns(3, model="opus", **BACK) == "bbb"


async def test_a_retry_after_a_failure_goes_elsewhere_and_the_session_stays(pool: Any) -> None:
    await pool.serve(**NEW)

    assert await pool.serve(never={"a"}, **BACK) == "b"
    assert await pool.serve(last={"a"}, **BACK) == "c"
    assert await pool.serve(**BACK) == "a"


async def test_an_account_that_is_full_lends_its_session_out(
    make_pool: MakePool, ready: Callable[..., Credential]
) -> None:
    pool = make_pool(ready("a", max_concurrent=1), ready("b"))
    lease = await pool.hold(**NEW)

    assert await pool.serve(**BACK) == "b"
    pool.release(lease, None)
    assert await pool.serve(**BACK) == "a"
