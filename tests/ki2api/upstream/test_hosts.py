"""Which host gets a call, and which one the next."""

from typing import Any

import httpx
import pytest

from ki2api.accounts.companion import Access
from ki2api.errors import (
    GatewayError,
    InvalidRequest,
    ProfileRefused,
    RateLimited,
    TokenExpired,
    UnknownOperation,
    UpstreamDisconnected,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUntrusted,
)
from ki2api.upstream.hosts import (
    LONGEST_REST,
    PLANES,
    REST_SECONDS,
    SETTLED_SECONDS,
    Hosts,
    HostUrls,
)
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio
URLS = HostUrls(
    runtime="https://runtime.{region}.test/",
    management="https://management.{region}.test",
    fallback="https://q.{region}.test",
)
RUNTIME, Q = "https://runtime.us-east-1.test", "https://q.us-east-1.test"


def access(name: str = "work", token_type: str = "", region: str = "us-east-1") -> Access:
    return Access(name, Secret("t"), token_type=token_type, region=region)


def caused(error: GatewayError, cause: Exception) -> GatewayError:
    error.__cause__ = cause
    return error


def unreachable() -> GatewayError:
    return caused(UpstreamUnavailable("Kiro cannot be reached."), httpx.ConnectError("refused"))


class World:
    """A clock, hosts that fail or not, and the calls that they got."""

    def __init__(self, urls: HostUrls = URLS) -> None:
        self.now = 1_000.0
        self.hosts = Hosts(urls, lambda: self.now)
        self.failures: dict[str, GatewayError] = {}
        self.calls: list[str] = []

    async def call(self, url: str) -> str:
        self.calls.append(url)
        if error := self.failures.get(url):
            raise error
        return url

    async def reach(self, **who: Any) -> str:
        return await self.hosts.reach("runtime", access(**who), self.call)

    async def failed(self, **who: Any) -> GatewayError:
        with pytest.raises(GatewayError) as failure:
            await self.reach(**who)
        return failure.value

    def called(self) -> list[str]:
        calls, self.calls = self.calls, []
        return calls


async def test_each_plane_has_its_host_in_the_region_of_the_account() -> None:
    world = World()
    there = access(region="eu-central-1")
    assert await world.hosts.reach("runtime", there, world.call) == (
        "https://runtime.eu-central-1.test"
    )
    assert await world.hosts.reach("management", there, world.call) == (
        "https://management.eu-central-1.test"
    )


@pytest.mark.parametrize(
    "error",
    [
        unreachable(),
        caused(UpstreamTimeout("late"), httpx.ConnectTimeout("late")),
        caused(UpstreamUnavailable("no way"), httpx.ProxyError("403 Forbidden")),
        UnknownOperation("Kiro does not know this call."),
    ],
)
async def test_a_host_that_is_not_there_or_does_not_know_the_call_leads_to_the_other(
    error: GatewayError,
) -> None:
    world = World()
    world.failures[RUNTIME] = error
    assert await world.reach() == Q
    assert world.called() == [RUNTIME, Q]


@pytest.mark.parametrize(
    "error",
    [
        UpstreamUnavailable("a 5xx"),
        caused(UpstreamUnavailable("reset"), httpx.ReadError("reset")),
        caused(UpstreamTimeout("full"), httpx.PoolTimeout("full")),
        caused(UpstreamUntrusted("no TLS"), httpx.ConnectError("handshake")),
        UpstreamDisconnected("broke off"),
        InvalidRequest("bad"),
        TokenExpired("old"),
        ProfileRefused("none"),
        RateLimited("slow down"),
    ],
)
async def test_every_other_failure_stays_where_it_is(error: GatewayError) -> None:
    world = World()
    world.failures[RUNTIME] = error
    assert await world.failed() is error
    assert world.called() == [RUNTIME]


@pytest.mark.parametrize("error", [TokenExpired("invalid"), ProfileRefused("wants one")])
async def test_a_key_that_the_newer_host_does_not_take_goes_to_the_older(
    error: GatewayError,
) -> None:
    world = World()
    world.failures[RUNTIME] = error
    assert await world.reach(token_type="API_KEY") == Q


async def test_the_host_that_served_is_remembered_for_an_hour() -> None:
    world = World()
    world.failures[RUNTIME] = unreachable()
    await world.reach()
    await world.reach()
    assert world.called() == [RUNTIME, Q, Q]
    del world.failures[RUNTIME]
    world.now += SETTLED_SECONDS
    await world.reach()
    await world.reach()
    assert world.called() == [RUNTIME, RUNTIME]


async def test_what_is_known_is_known_of_one_account_on_one_plane() -> None:
    world = World()
    world.failures[RUNTIME] = unreachable()
    await world.reach()
    world.called()
    await world.reach(name="home")
    await world.hosts.reach("management", access(), world.call)
    assert world.called() == [RUNTIME, Q, "https://management.us-east-1.test"]


async def test_a_refusal_of_the_older_host_is_the_answer_and_settles_the_account_there() -> None:
    world = World()
    world.failures[RUNTIME] = unreachable()
    world.failures[Q] = RateLimited("slow down")
    assert await world.failed() is world.failures[Q]
    assert await world.failed() is world.failures[Q]
    assert world.called() == [RUNTIME, Q, Q]


async def test_a_host_that_was_remembered_and_goes_away_leads_back() -> None:
    world = World()
    world.failures[RUNTIME] = unreachable()
    await world.reach()
    world.failures = {Q: unreachable()}
    assert await world.reach() == RUNTIME
    assert await world.reach() == RUNTIME
    assert world.called() == [RUNTIME, Q, Q, RUNTIME, RUNTIME]


async def test_two_calls_at_once_settle_on_the_same_host() -> None:
    world = World()
    world.failures[RUNTIME] = unreachable()

    async def nested(url: str) -> str:
        if url == Q and world.calls == [RUNTIME]:
            await world.reach()
        return await world.call(url)

    assert await world.hosts.reach("runtime", access(), nested) == Q
    world.called()
    assert await world.reach() == Q
    assert world.called() == [Q]


@pytest.mark.parametrize(
    "second", [unreachable(), UnknownOperation("no"), UpstreamUnavailable("a 5xx")]
)
async def test_while_all_fails_calls_do_not_come_in_pairs(second: GatewayError) -> None:
    world = World()
    world.failures = {RUNTIME: unreachable(), Q: second}
    await world.failed()
    assert world.called() == [RUNTIME, Q]
    world.now += REST_SECONDS - 1
    await world.failed()
    assert world.called() == [RUNTIME]
    world.now += 1
    await world.failed()
    assert world.called() == [RUNTIME, Q]
    world.now += REST_SECONDS
    await world.failed()
    assert world.called() == [RUNTIME]


async def test_an_hour_of_failures_costs_few_calls_more_than_there_were_requests() -> None:
    world = World()
    world.failures = {RUNTIME: unreachable(), Q: unreachable()}
    for _ in range(360):
        await world.failed()
        world.now += 10.0
    assert 360 < len(world.calls) <= 370
    del world.failures[Q]
    world.now += LONGEST_REST
    assert await world.reach() == Q


async def test_of_two_hosts_that_are_not_there_the_first_is_told_with_its_cause() -> None:
    world = World()
    world.failures = {RUNTIME: unreachable(), Q: UnknownOperation("no")}
    cause = world.failures[RUNTIME].__cause__
    assert await world.failed() is world.failures[RUNTIME]
    assert world.failures[RUNTIME].__cause__ is cause


@pytest.mark.parametrize("fallback", ["", RUNTIME])
async def test_without_another_host_there_is_no_second_call(fallback: str) -> None:
    world = World(HostUrls(runtime=RUNTIME, management="", fallback=fallback))
    world.failures[RUNTIME] = unreachable()
    await world.failed()
    assert world.called() == [RUNTIME]


async def test_while_no_host_is_there_one_account_alone_asks_the_second() -> None:
    world = World()
    world.failures = {RUNTIME: unreachable(), Q: unreachable()}
    for name in ("a", "b", "c", "d", "e"):
        with pytest.raises(UpstreamUnavailable):
            await world.hosts.reach("runtime", access(name), world.call)

    assert world.calls.count(Q) == 1


async def test_a_dead_key_leaves_the_second_host_to_other_keys() -> None:
    world = World()
    dead = {RUNTIME: TokenExpired("refused"), Q: TokenExpired("refused")}
    world.failures = dict[str, GatewayError](dead)
    with pytest.raises(TokenExpired):
        await world.hosts.reach("runtime", access("dead", "API_KEY"), world.call)
    del world.failures[Q]

    assert await world.hosts.reach("runtime", access("living", "API_KEY"), world.call) == Q


async def test_which_host_takes_a_key_is_found_out_once_for_both_planes() -> None:
    world = World()
    world.failures[RUNTIME] = TokenExpired("invalid")
    key = access(token_type="API_KEY")
    await world.hosts.reach("runtime", key, world.call)
    await world.hosts.reach("management", key, world.call)
    assert world.called() == [RUNTIME, Q, Q]


async def test_a_profile_that_one_plane_wants_for_a_key_does_not_move_the_other() -> None:
    world = World()
    management = "https://management.us-east-1.test"
    world.failures[management] = ProfileRefused("wants one")
    key = access(token_type="API_KEY")
    await world.hosts.reach("management", key, world.call)
    await world.hosts.reach("runtime", key, world.call)
    assert world.called() == [management, Q, RUNTIME]


async def test_a_key_that_no_host_takes_is_tried_at_both_on_one_plane_only() -> None:
    world = World()
    management = "https://management.us-east-1.test"
    world.failures = {url: TokenExpired("revoked") for url in (RUNTIME, management, Q)}
    for plane in PLANES:
        with pytest.raises(TokenExpired):
            await world.hosts.reach(plane, access(token_type="API_KEY"), world.call)
    assert world.called() == [RUNTIME, Q, management]
