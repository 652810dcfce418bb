"""Searches of the web, put to the simulator."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ki2api.errors import (
    ProfileRefused,
    RateLimited,
    TokenExpired,
    UpstreamGarbled,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from ki2api.simulator import SimulatorOptions
from ki2api.upstream import search

pytestmark = pytest.mark.anyio
Wired = Callable[..., Awaitable[Any]]


@pytest.mark.parametrize("binding", ["rest", "json-1.0"])
async def test_pages_are_found_in_both_bindings(wired: Wired, binding: str) -> None:
    wire = await wired(upstream={"binding": binding})
    pages = await wire.searcher.search(wire.access(), "red pandas")
    assert [page.number for page in pages] == [1, 2, 3]
    assert pages[0].url == "https://example.com/guide/red-pandas"
    assert pages[0].published is not None
    (asked,) = wire.simulator.searches
    assert (asked.binding, asked.query) == (binding, "red pandas")
    assert wire.refused == []


@pytest.mark.parametrize("kind", ["social", "builder-id", "enterprise", "external-idp", "api-key"])
async def test_every_kind_of_account_may_search(wired: Wired, kind: str) -> None:
    wire = await wired(kind=kind)
    assert len(await wire.searcher.search(wire.access(), "red pandas")) == 3


async def test_the_older_host_searches_where_the_newer_is_down(wired: Wired) -> None:
    wire = await wired(SimulatorOptions(down=frozenset({"runtime"})))
    assert await wire.searcher.search(wire.access(), "red pandas")
    assert wire.simulator.searches[0].host == "q"


@pytest.mark.parametrize(
    ("fault", "values", "error"),
    [
        ("refuse", {"kind": "throttled"}, RateLimited),
        ("refuse", {"kind": "invalid-token"}, TokenExpired),
        ("refuse", {"status": 500}, UpstreamUnavailable),
        ("error", {}, UpstreamUnavailable),
        ("failed", {}, UpstreamUnavailable),
        ("fault", {}, UpstreamUnavailable),
        ("garbage", {}, UpstreamGarbled),
    ],
)
async def test_a_search_that_fails_says_so(
    wired: Wired, fault: str, values: dict[str, Any], error: type[Exception]
) -> None:
    wire = await wired(fallback=False)
    wire.simulator.order_search(fault, **values)
    with pytest.raises(error):
        await wire.searcher.search(wire.access(), "red pandas")


async def test_that_nothing_is_found_is_an_answer(wired: Wired) -> None:
    wire = await wired()
    wire.simulator.order_search("nothing")
    assert await wire.searcher.search(wire.access(), "red pandas") == ()


async def test_a_profile_of_another_account_is_refused(wired: Wired) -> None:
    wire = await wired()
    other = "arn:aws:codewhisperer:us-east-1:1:profile/OTHER"
    with pytest.raises(ProfileRefused):
        await wire.searcher.search(wire.access(profile_arn=other), "red pandas")


async def test_a_search_that_hangs_is_given_up(wired: Wired) -> None:
    wire = await wired(upstream={"search_seconds": 0.05}, fallback=False)
    wire.simulator.order_search("hang")
    with pytest.raises(UpstreamTimeout):
        await wire.searcher.search(wire.access(), "red pandas")


async def test_an_answer_without_end_is_none(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ANSWER_LIMIT", 100)
    wire = await wired()
    with pytest.raises(UpstreamGarbled, match="too long"):
        await wire.searcher.search(wire.access(), "red pandas")
