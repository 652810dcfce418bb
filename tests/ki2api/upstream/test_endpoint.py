"""The innermost callable: a conversation in, events out, with the simulator for Kiro."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from ki2api.conversation import Conversation, Sampling, TextPart, Turn
from ki2api.errors import (
    GatewayError,
    ModelNotOffered,
    RateLimited,
    UpstreamDisconnected,
    UpstreamGarbled,
    UpstreamTimeout,
)
from ki2api.events import Reply, ReplyEvent, fold
from ki2api.flow import GatewayFlow
from ki2api.kiro.compose import Limits
from ki2api.models import Catalogue
from ki2api.upstream.endpoint import KiroEndpoint
from pipeline.testing import build_flow

pytestmark = pytest.mark.anyio
Wired = Callable[..., Awaitable[Any]]


class Asking:
    """Puts conversations to one endpoint, each in a flow of its own."""

    def __init__(self, wire: Any) -> None:
        self.wire = wire
        self.endpoint = KiroEndpoint(wire.kiro, Limits())
        self.notes: list[str] = []
        self.seen: list[ReplyEvent] = []

    async def ask(self, text: str = "Hello", model: str = "claude-sonnet-4.5") -> Reply:
        self.seen.clear()
        flow = self.flow(text, model)
        try:
            await self.endpoint(flow)
            async for batch in flow.events:
                self.seen += batch
        except GatewayError as error:
            flow.failure = error
            raise
        finally:
            self.notes += [note.text for note in flow.notes]
            await flow.aclose()
        return fold(self.seen)

    def flow(self, text: str, model: str) -> GatewayFlow:
        turns = (Turn("user", (TextPart(text),)),)
        return build_flow(
            GatewayFlow,
            conversation=Conversation(model, turns, sampling=Sampling(temperature=0.5)),
            target=Catalogue(aliases={"mine": "claude-opus-5"}).find(model),
            account=self.wire.access(),
        )

    @property
    def ids(self) -> list[str]:
        """Return the conversation id of every call that Kiro answered or refused."""
        calls = (*self.wire.simulator.requests, *self.wire.simulator.refused)
        bodies = [msgspec.json.decode(call.body) for call in calls]
        return [body["conversationState"]["conversationId"] for body in bodies]


@pytest.mark.parametrize("binding", ["rest", "json-1.0"])
async def test_a_conversation_is_answered_by_events(wired: Wired, binding: str) -> None:
    asking = Asking(await wired(upstream={"binding": binding}))
    reply = await asking.ask()
    (part,) = reply.parts
    assert isinstance(part, TextPart)
    assert "simulator" in part.text
    assert reply.reason == "end"
    assert asking.notes == ["not honoured: temperature"]


async def test_a_model_that_the_plan_lacks_is_named_as_it_was_asked_for(wired: Wired) -> None:
    asking = Asking(await wired())
    asking.wire.account.not_offered("claude-opus-5")
    with pytest.raises(ModelNotOffered, match=r"'mine' \(served by 'claude-opus-5'\)") as refused:
        await asking.ask(model="mine")
    assert refused.value.path == "model"


async def test_ids_are_kept_while_all_goes_well_and_fresh_after_a_failure(wired: Wired) -> None:
    asking = Asking(await wired())
    await asking.ask()
    await asking.ask()
    asking.wire.account.throttle(1)
    with pytest.raises(RateLimited):
        await asking.ask()
    await asking.ask()
    first, second, fresh, failed = asking.ids
    assert first == second == failed
    assert fresh != first


async def test_a_stream_that_breaks_off_has_fresh_ids_the_next_time(wired: Wired) -> None:
    asking = Asking(await wired())
    asking.wire.account.fault("cut", at=400)
    with pytest.raises(UpstreamDisconnected):
        await asking.ask()
    await asking.ask()
    assert len(set(asking.ids)) == 2


async def test_good_events_before_a_bad_frame_come_first(wired: Wired) -> None:
    asking = Asking(await wired())
    asking.wire.account.fault("cut", at=400)
    with pytest.raises(UpstreamDisconnected):
        await asking.ask()
    assert asking.seen


async def test_bytes_that_are_no_stream_are_told_before_anything_is_begun(wired: Wired) -> None:
    asking = Asking(await wired())
    asking.wire.account.fault("garbage")
    with pytest.raises(UpstreamGarbled):
        await asking.ask()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ({"first_event_seconds": 0.0}, "did not begin"),
        ({"idle_seconds": 0.0}, "fell silent"),
    ],
)
async def test_kiro_has_its_time_to_begin_and_to_go_on(
    wired: Wired, seconds: dict[str, float], words: str
) -> None:
    asking = Asking(await wired(upstream=seconds))
    asking.wire.account.fault("stall", at=400)
    with pytest.raises(UpstreamTimeout, match=words):
        await asking.ask()
