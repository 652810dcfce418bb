"""What Kiro tells of an account, asked of the simulator."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from ki2api.accounts.companion import Access, NoProfiles, PlanUsage, Pot
from ki2api.errors import (
    AccountSuspended,
    ProfileRefused,
    RateLimited,
    TokenExpired,
    UpstreamGarbled,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from ki2api.simulator import SimulatorOptions
from ki2api.transport import Clients
from ki2api.upstream.client import UpstreamOptions
from ki2api.upstream.control import MOST_PAGES, ControlPlane
from ki2api.upstream.hosts import Hosts, HostUrls
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio
Wired = Callable[..., Awaitable[Any]]
BINDINGS = pytest.mark.parametrize("binding", ["rest", "json-1.0"])
DOWN = SimulatorOptions(down=frozenset({"management"}))
NOON = 1_764_504_000.0  # 2025-11-30T12:00:00Z
MIDNIGHT = 1_764_547_200.0


@BINDINGS
async def test_the_models_come_with_what_is_known_of_them(wired: Wired, binding: str) -> None:
    wire = await wired(SimulatorOptions(models_per_page=9), upstream={"binding": binding})
    wire.account.not_offered("claude-opus-5.5")
    models = {model.id: model for model in await wire.control.models(wire.access())}
    assert len(models) == 21
    assert next(iter(models)) == "auto"
    opus = models["claude-opus-5"]
    assert (opus.name, opus.window, opus.max_output) == ("Claude Opus 5", 1_000_000, 128_000)
    assert (opus.images, opus.multiplier) == (True, 2.2)
    assert b'"effort"' in bytes(opus.fields_schema)
    assert models["glm-5"].images is False
    assert models["glm-5"].fields_schema is None
    assert wire.simulator.asked["work", "ListAvailableModels"] == 3
    assert wire.refused == []


@BINDINGS
async def test_a_profile_is_found_in_its_region(wired: Wired, binding: str) -> None:
    wire = await wired(upstream={"binding": binding}, kind="enterprise", api_region="eu-central-1")
    unknown = wire.access(profile_arn="")
    assert await wire.control.profiles(unknown) == (wire.account.profile_arn,)
    assert await wire.control.profiles(wire.access(region="us-east-1")) == ()


async def test_a_builder_id_has_no_profiles_and_will_not_have_any(wired: Wired) -> None:
    wire = await wired(kind="builder-id")
    with pytest.raises(NoProfiles):
        await wire.control.profiles(wire.access())


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("invalid-token", TokenExpired),
        ("not-authorized", ProfileRefused),
        ("throttled", RateLimited),
        ("unexpected", UpstreamUnavailable),
    ],
)
async def test_another_refusal_says_nothing_of_profiles(
    wired: Wired, kind: str, error: type[Exception]
) -> None:
    wire = await wired(kind="enterprise")
    wire.simulator.order_control("ListAvailableProfiles", "refuse", kind=kind)
    with pytest.raises(error):
        await wire.control.profiles(wire.access())


@BINDINGS
async def test_the_usage_of_a_plan_is_told_in_pots(wired: Wired, binding: str) -> None:
    wire = await wired(
        SimulatorOptions(clock=lambda: NOON),
        upstream={"binding": binding},
        plan="free",
        trial=True,
        bonus=True,
        used=60.5,
    )
    assert await wire.control.usage(wire.access()) == PlanUsage(
        plan="KIRO FREE",
        pots=(
            Pot("plan", 50.0, 50.0),
            Pot("free trial", 10.5, 500.0, MIDNIGHT),
            Pot("bonus", 0.0, 100.0, MIDNIGHT),
        ),
        resets=MIDNIGHT,
        overage=False,
        overage_used=0.0,
        asked_at=1_764_000_000.0,
    )


@pytest.mark.parametrize("kind", ["social", "api-key"])
async def test_the_email_is_told_only_where_it_was_asked_for(wired: Wired, kind: str) -> None:
    wire = await wired(kind=kind)
    assert (await wire.control.usage(wire.access())).email == ""
    told = await wire.control.usage(wire.access(), with_email=True)
    assert told.email == "work@example.com"


async def test_the_older_host_answers_while_the_newer_is_down(wired: Wired) -> None:
    wire = await wired(DOWN)
    assert await wire.control.models(wire.access())
    assert (await wire.control.usage(wire.access())).plan == "KIRO PRO"
    wire = await wired(DOWN, fallback=False)
    with pytest.raises(UpstreamUnavailable):
        await wire.control.usage(wire.access())


async def test_the_models_of_a_key_come_from_the_older_host(wired: Wired) -> None:
    wire = await wired(kind="api-key")
    assert await wire.control.models(wire.access())
    assert await wire.control.models(wire.access())
    assert wire.refused == [("management", 400)]


@pytest.mark.parametrize("question", ["models", "usage"])
async def test_a_profile_that_is_refused_in_a_query_is_left_out(
    wired: Wired, question: str
) -> None:
    options = SimulatorOptions(down=frozenset({"management"}), profile_in_legacy_query=False)
    wire = await wired(options, kind="enterprise")
    assert await getattr(wire.control, question)(wire.access())
    assert wire.refused == [("q", 400)]


async def test_an_account_that_is_refused_with_its_profile_is_not_asked_for_again_without(
    wired: Wired,
) -> None:
    wire = await wired(kind="enterprise")
    with pytest.raises(ProfileRefused, match="with its profile"):
        await wire.control.models(wire.access(profile_arn="arn:wrong"))
    assert wire.refused == [("management", 403)]
    with pytest.raises(ProfileRefused, match="wants a profile"):
        await wire.control.models(wire.access(profile_arn=""))


async def test_a_suspension_or_a_dead_token_is_told_at_once(wired: Wired) -> None:
    wire = await wired()
    with pytest.raises(TokenExpired):
        await wire.control.usage(wire.access(token=Secret("aoa-old")))
    wire.account.suspend()
    with pytest.raises(AccountSuspended):
        await wire.control.usage(wire.access())
    assert len(wire.refused) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset", UpstreamUnavailable),
        ("garbage", UpstreamGarbled),
        ("empty", UpstreamGarbled),
    ],
)
async def test_a_question_that_is_not_answered_is_asked_once(
    wired: Wired, fault: str, error: type[Exception]
) -> None:
    wire = await wired()
    wire.simulator.order_control("ListAvailableModels", fault)
    with pytest.raises(error):
        await wire.control.models(wire.access())
    assert wire.simulator.asked["work", "ListAvailableModels"] == 1


@pytest.mark.parametrize("question", ["profiles", "models", "usage"])
async def test_every_question_has_its_time(wired: Wired, question: str) -> None:
    wire = await wired(upstream={"control_seconds": 0.0})
    with pytest.raises(UpstreamTimeout):
        await getattr(wire.control, question)(wire.access())


async def test_a_list_that_does_not_end_is_cut(wired: Wired) -> None:
    wire = await wired(SimulatorOptions(models_per_page=1))
    assert len(await wire.control.models(wire.access())) == MOST_PAGES


async def test_an_answer_that_does_not_end_is_no_answer() -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" " * 65_536

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless()))
    clients = Clients(lambda _: transport, None)
    hosts = Hosts(HostUrls("http://runtime.test", "http://management.test"))
    control = ControlPlane(clients, hosts, UpstreamOptions())
    with pytest.raises(UpstreamGarbled, match="too long"):
        await control.usage(Access("work", Secret("t")))
    await clients.aclose()


async def test_an_external_login_names_its_kind_on_this_plane_too(wired: Wired) -> None:
    wire = await wired(kind="external-idp")
    assert await wire.control.models(wire.access())
    with pytest.raises(TokenExpired):
        await wire.control.models(wire.access(token_type=""))


@pytest.mark.parametrize("tail", ["\x1b[2J", "\n", "/x", "\x00", "ä"])
async def test_a_profile_that_has_not_the_shape_of_one_is_passed_over(
    wired: Wired, tail: str
) -> None:
    wire = await wired(kind="enterprise")
    access = wire.access()
    wire.account.profile_arn += tail
    assert await wire.control.profiles(access) == ()
