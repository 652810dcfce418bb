"""Searches in the name of an account, and what the pool learns of them."""

from collections.abc import Callable
from typing import Any

import pytest

from ki2api.accounts.account import Credential
from ki2api.accounts.companion import Access
from ki2api.accounts.lease import Wish
from ki2api.accounts.searches import Searches
from ki2api.conversation import WebPage
from ki2api.errors import (
    AccountRefused,
    AccountSuspended,
    GatewayError,
    NoAccount,
    ProfileRefused,
    QuotaSpent,
    RateLimited,
    TokenExpired,
    UpstreamUnavailable,
)
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio
PAGES = (WebPage(1, "https://a.test/", "A"),)


class Engine:
    """Fails as told, then finds."""

    def __init__(self, *fails: GatewayError) -> None:
        self.asked: list[tuple[str, str]] = []
        self._fails = list(fails)

    async def search(self, access: Access, query: str) -> tuple[WebPage, ...]:
        self.asked.append((access.name, access.token.reveal()))
        if self._fails:
            raise self._fails.pop(0)
        return PAGES

    @property
    def names(self) -> str:
        return "".join(name for name, _ in self.asked)


@pytest.fixture
def pool(make_pool: Callable[..., Any], ready: Callable[..., Credential]) -> Any:
    return make_pool(ready("a"), ready("b"))


async def search(pool: Any, engine: Engine, account: str = "b") -> tuple[WebPage, ...]:
    calls: list[int] = []
    try:
        return await Searches(pool, engine).search(
            "pandas", account=account, model="m", calling=lambda: calls.append(1)
        )
    finally:
        assert len(calls) == len(engine.asked)
        assert [status.in_flight for status in pool.statuses()] == [0] * len(pool.statuses())


async def test_the_account_of_the_conversation_searches(pool: Any) -> None:
    engine = Engine()
    assert await search(pool, engine) == PAGES
    assert engine.names == "b"
    assert pool.states() == {"a": "ready", "b": "ready"}


async def test_another_account_searches_where_that_one_cannot(pool: Any) -> None:
    pool.release(await pool.lease(Wish(never=("a",))), RateLimited("slow", retry_after=9))
    engine = Engine()
    assert await search(pool, engine) == PAGES
    assert engine.names == "a"


@pytest.mark.parametrize(
    ("error", "state"),
    [(RateLimited("slow", retry_after=9), "cooling"), (QuotaSpent("spent"), "exhausted")],
)
async def test_a_fault_of_the_account_is_known_and_another_one_asked(
    pool: Any, error: GatewayError, state: str
) -> None:
    engine = Engine(error)
    assert await search(pool, engine) == PAGES
    assert engine.names == "ba"
    assert pool.states() == {"a": "ready", "b": state}
    await pool.stop()


async def test_no_third_account_is_asked(
    make_pool: Callable[..., Any], ready: Callable[..., Credential]
) -> None:
    pool = make_pool(ready("a"), ready("b"), ready("c"))
    engine = Engine(RateLimited("slow", retry_after=9), RateLimited("slow too", retry_after=9))
    with pytest.raises(RateLimited, match="slow too"):
        await search(pool, engine)
    assert engine.names == "ba"


async def test_the_only_accounts_own_fault_is_told(
    make_pool: Callable[..., Any], ready: Callable[..., Credential]
) -> None:
    engine = Engine(RateLimited("slow", retry_after=9))
    with pytest.raises(RateLimited, match="slow"):
        await search(make_pool(ready("b")), engine)


async def test_after_a_suspension_nobody_else_is_asked(pool: Any) -> None:
    engine = Engine(AccountSuspended("locked"))
    with pytest.raises(AccountSuspended):
        await search(pool, engine)
    assert engine.names == "b"
    assert pool.states() == {"a": "ready", "b": "quarantined"}


async def test_that_searches_are_refused_says_nothing_of_conversations(
    make_pool: Callable[..., Any],
) -> None:
    key = Credential("key", kind="api-key", api_key=Secret("ksk_x"))
    pool = make_pool(key)
    with pytest.raises(AccountRefused, match="API key"):
        await search(pool, Engine(TokenExpired("403")), "key")
    assert pool.states() == {"key": "ready"}


async def test_a_fault_of_the_service_is_told_at_once(pool: Any) -> None:
    engine = Engine(UpstreamUnavailable("down"))
    with pytest.raises(UpstreamUnavailable):
        await search(pool, engine)
    assert engine.names == "b"
    assert pool.states() == {"a": "ready", "b": "ready"}


async def test_an_expired_token_is_renewed_once(pool: Any) -> None:
    engine = Engine(TokenExpired("403"))
    assert await search(pool, engine) == PAGES
    assert engine.asked == [("b", "access-b"), ("b", "access-1")]
    await pool.stop()


async def test_without_another_profile_the_refusal_is_told(pool: Any) -> None:
    engine = Engine(ProfileRefused("which?"), ProfileRefused("which?"))
    with pytest.raises(ProfileRefused):
        await search(pool, engine)
    assert engine.names == "ba"


async def test_another_profile_is_looked_for(pool: Any, kiro: Any) -> None:
    arn = "arn:aws:codewhisperer:us-east-1:699475941385:profile/FOUND0000001"
    kiro.arns["us-east-1"] = (arn,)
    engine = Engine(ProfileRefused("which?"))
    assert await search(pool, engine) == PAGES
    assert engine.names == "bb"
    await pool.stop()


async def test_without_any_account_it_is_told_so(make_pool: Callable[..., Any]) -> None:
    with pytest.raises(NoAccount):
        await search(make_pool(), Engine())
