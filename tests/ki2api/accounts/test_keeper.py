from collections.abc import Callable
from typing import Any

import pytest

from ki2api.accounts.account import Credential, Standing, Wallet
from ki2api.accounts.errands import Errands
from ki2api.accounts.keeper import Keeper
from ki2api.accounts.ledger import MemoryStore, Record
from ki2api.accounts.member import Member
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

NOON = 1_763_812_800.0
SUSPENDED = Standing("quarantined", "locked", NOON - 50)
SPENT = Standing("exhausted", "spent", NOON - 50, NOON + 50)


def login(token: str, **more: Any) -> Credential:
    facts: dict[str, Any] = {"kind": "social", "refresh_token": Secret(token), "source": "here"}
    return Credential("a", **(facts | more))


def member(token: str = "seed", **more: Any) -> Member:  # noqa: S107 - made up
    return Member(login(token, **more), 0, NOON, 400.0)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def errands() -> Errands:
    return Errands()


@pytest.fixture
def keeper(store: MemoryStore, errands: Errands, clock: Callable[[], float]) -> Keeper:
    return Keeper(store, errands, clock)


async def kept(store: MemoryStore, token: str, record: Record) -> None:
    await store.save(login(token).fingerprint, record)


async def test_a_member_goes_on_from_what_was_kept_of_its_login(
    keeper: Keeper, store: MemoryStore
) -> None:
    wallet = Wallet(Secret("access"), NOON + 60, Secret("rotated"), Secret("seed"))
    await kept(store, "seed", Record("another name", NOON, wallet, SPENT))
    await keeper.load()
    again = member()
    keeper.restore(again)

    assert (again.wallet, again.standing) == (wallet, SPENT)


@pytest.mark.parametrize("standing", [SUSPENDED, SPENT])
async def test_a_replaced_login_keeps_what_a_new_token_does_not_mend(
    keeper: Keeper, store: MemoryStore, standing: Standing
) -> None:
    models = {"m": Standing("exhausted", "no", NOON, NOON + 9)}
    wallet = Wallet(refresh=Secret("old"))
    await kept(store, "old", Record("a", NOON, wallet, standing, models, "here"))
    await keeper.load()
    again = member("new")
    keeper.restore(again)

    assert (again.standing, again.models) == (standing, models)
    assert again.wallet.refresh == Secret("new")


@pytest.mark.parametrize(
    "record",
    [
        Record("a", NOON, Wallet(), Standing("needs-login", "dead", NOON), {}, "here"),
        Record("a", NOON, Wallet(), Standing("cooling", "pause", NOON, NOON + 9), {}, "here"),
        Record("b", NOON, Wallet(), SUSPENDED, {}, "here"),
        Record("a", NOON, Wallet(), SUSPENDED, {}, "elsewhere"),
    ],
)
async def test_a_replaced_login_loses_what_a_new_token_mends_and_what_was_anothers(
    keeper: Keeper, store: MemoryStore, record: Record
) -> None:
    await kept(store, "old", record)
    await keeper.load()
    again = member("new")
    keeper.restore(again)

    assert again.standing.state == "ready"


async def test_of_several_logins_of_an_account_the_newest_record_counts(
    keeper: Keeper, store: MemoryStore
) -> None:
    await kept(store, "first", Record("a", NOON - 9, Wallet(), SUSPENDED, {}, "here"))
    await kept(store, "second", Record("a", NOON, Wallet(), None, {}, "here"))
    await keeper.load()
    again = member("third")
    keeper.restore(again)

    assert again.standing.state == "ready"


async def test_what_this_process_kept_is_found_again_without_loading(keeper: Keeper) -> None:
    rotated = member()
    rotated.wallet = Wallet(refresh=Secret("rotated"), previous=Secret("seed"))
    await keeper.keep(rotated)
    again = member()
    keeper.restore(again)

    assert again.wallet == rotated.wallet


async def test_what_is_in_use_is_kept_anew_so_that_it_does_not_grow_old(
    keeper: Keeper, store: MemoryStore, errands: Errands
) -> None:
    await kept(store, "seed", Record("a", 0.0, Wallet(refresh=Secret("rotated"))))
    await keeper.load()
    keeper.restore(member())
    await errands.finish()

    [record] = (await store.load()).values()
    assert (record.saved_at, record.wallet.refresh) == (NOON, Secret("rotated"))


async def test_a_login_that_was_replaced_keeps_its_tokens_for_a_person_who_goes_back(
    keeper: Keeper, store: MemoryStore
) -> None:
    now = member("new")
    now.stand(SUSPENDED)
    await keeper.keep_former(now, login("old"), Wallet(refresh=Secret("old+")))

    assert await store.load() == {
        login("old").fingerprint: Record(
            "a", NOON, Wallet(refresh=Secret("old+")), SUSPENDED, {}, "here"
        )
    }
