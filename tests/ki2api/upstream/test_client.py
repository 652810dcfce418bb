"""A composed conversation on its way to the simulator, in both bindings."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from ki2api.errors import ProfileRefused, RateLimited, TokenExpired, UpstreamUnavailable
from ki2api.kiro.framing import Decoder
from ki2api.simulator import SimulatorOptions

pytestmark = pytest.mark.anyio
Wired = Callable[..., Awaitable[Any]]
RUNTIME_DOWN = SimulatorOptions(down=frozenset({"runtime"}))


def asked(wire: Any, **changed: Any) -> bytes:
    message = {"content": "Hello", "modelId": "claude-sonnet-4.5", "origin": "AI_EDITOR"}
    state = {
        "chatTriggerType": "MANUAL",
        "conversationId": "c-1",
        "currentMessage": {"userInputMessage": message},
    }
    body = {"conversationState": state, "profileArn": wire.account.profile_arn} | changed
    return msgspec.json.encode({name: value for name, value in body.items() if value})


async def answered(wire: Any, **changed: Any) -> list[str]:
    """Ask, and return the names of the answer's events."""
    async with await wire.kiro.stream(asked(wire, **changed), wire.access()) as exchange:
        decoder, frames = Decoder(), []
        while data := await exchange.read():
            frames += decoder.feed(data)
        decoder.finish()
    return [frame.headers[":event-type"] for frame in frames]


async def test_rest_is_answered_at_its_path(wired: Wired) -> None:
    wire = await wired()
    assert (await answered(wire))[0] == "messageMetadataEvent"
    (request,) = wire.simulator.requests
    assert (request.host, request.binding) == ("runtime", "rest")
    assert request.path == "/generateAssistantResponse"
    assert request.headers["x-amzn-kiro-agent-mode"] == "vibe"
    assert "x-amzn-kiro-profile-arn" not in request.headers


async def test_json_1_0_is_answered_at_the_root_and_begins_with_a_frame_of_its_own(
    wired: Wired,
) -> None:
    wire = await wired(upstream={"binding": "json-1.0"})
    assert (await answered(wire))[:2] == ["initial-response", "messageMetadataEvent"]
    (request,) = wire.simulator.requests
    assert (request.path, request.binding) == ("/", "json-1.0")


@pytest.mark.parametrize("binding", ["rest", "json-1.0"])
async def test_refusals_mean_the_same_in_both_bindings(wired: Wired, binding: str) -> None:
    wire = await wired(upstream={"binding": binding})
    with pytest.raises(ProfileRefused):
        await answered(wire, profileArn="")
    wire.account.throttle(1, retry_after=9)
    with pytest.raises(RateLimited) as refused:
        await answered(wire)
    assert refused.value.retry_after == 9


@pytest.mark.parametrize("binding", ["rest", "json-1.0"])
async def test_the_older_host_answers_at_its_own_paths(wired: Wired, binding: str) -> None:
    wire = await wired(RUNTIME_DOWN, upstream={"binding": binding})
    for _ in range(3):
        assert await answered(wire)
    assert [request.host for request in wire.simulator.requests] == ["q"] * 3


async def test_without_an_older_host_nobody_answers(wired: Wired) -> None:
    wire = await wired(RUNTIME_DOWN, fallback=False)
    with pytest.raises(UpstreamUnavailable):
        await answered(wire)


async def test_a_key_that_is_refused_goes_to_the_older_host_and_stays_there(wired: Wired) -> None:
    wire = await wired(SimulatorOptions(keys_on_runtime=False), kind="api-key")
    for _ in range(3):
        assert await answered(wire)
    assert wire.refused == [("runtime", 403)]
    assert [request.host for request in wire.simulator.requests] == ["q"] * 3


async def test_a_dead_key_is_dead_at_both_hosts_and_asks_the_second_once_a_minute(
    wired: Wired,
) -> None:
    wire = await wired(kind="api-key")
    wire.account.revoke()
    for _ in range(3):
        with pytest.raises(TokenExpired):
            await answered(wire)
    assert wire.refused == [
        ("runtime", 403),
        ("q", 403),
        ("runtime", 403),
        ("runtime", 403),
    ]


async def test_a_dead_token_is_not_shown_to_a_second_host(wired: Wired) -> None:
    wire = await wired()
    wire.account.expire_access()
    with pytest.raises(TokenExpired):
        await answered(wire)
    assert wire.refused == [("runtime", 403)]


async def test_a_region_that_is_not_served_leads_to_the_older_host(wired: Wired) -> None:
    wire = await wired()
    with pytest.raises(Exception, match="host and region"):
        async with await wire.kiro.stream(asked(wire), wire.access(region="ap-south-1")):
            pass
    assert wire.refused == [("runtime", 404), ("q", 404)]


async def test_a_stream_that_has_begun_is_never_begun_again_elsewhere(wired: Wired) -> None:
    wire = await wired()
    wire.account.fault("cut", at=100)
    with pytest.raises(Exception, match="broke off"):
        await answered(wire)
    assert [request.host for request in wire.simulator.requests] == ["runtime"]
