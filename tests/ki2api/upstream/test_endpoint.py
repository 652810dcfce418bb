"""The innermost callable: a conversation in, events out, with the simulator for Kiro."""

from collections.abc import Awaitable, Callable
from typing import Any

import loguru
import msgspec
import pytest

from ki2api.accounts.companion import Access
from ki2api.alarms import Alarms
from ki2api.conversation import (
    Conversation,
    Sampling,
    TextPart,
    Thinking,
    ThinkingPart,
    Turn,
)
from ki2api.errors import (
    BodyRefused,
    ContextTooLong,
    GatewayError,
    InvalidRequest,
    ModelNotOffered,
    RateLimited,
    ThoughtsRefused,
    UpstreamDisconnected,
    UpstreamGarbled,
    UpstreamTimeout,
)
from ki2api.events import Reply, ReplyEvent, ReplyStarted, fold
from ki2api.flow import GatewayFlow, NothingSent
from ki2api.kiro.compose import Limits
from ki2api.kiro.framing import encode
from ki2api.kiro.hearing import Hearing
from ki2api.kiro.interpret import Interpreter
from ki2api.kiro.names import ToolNames
from ki2api.models import Catalogue, Model, Target
from ki2api.simulator.rules.reasoning import signature_of
from ki2api.transport.limit import Limit
from ki2api.upstream.client import KiroClient
from ki2api.upstream.endpoint import Events, KiroEndpoint
from ki2api.upstream.exchange import Exchange
from pipeline import close
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

    async def ask(
        self, text: str = "Hello", model: str = "claude-sonnet-4.5", **more: Any
    ) -> Reply:
        self.seen.clear()
        self.notes.clear()
        flow = self.flow(text, model, **more)
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

    def flow(
        self,
        text: str,
        model: str,
        past: tuple[Turn, ...] = (),
        schema: bytes | None = None,
        **more: Any,
    ) -> GatewayFlow:
        turns = (*past, Turn("user", (TextPart(text),)))
        target = Catalogue(aliases={"mine": "claude-opus-5"}).find(model)
        if schema is not None:
            target = Target(model, Model(model, fields_schema=msgspec.Raw(schema)))
        return build_flow(
            GatewayFlow,
            conversation=Conversation(
                model, turns, **({"sampling": Sampling(temperature=0.5)} | more)
            ),
            target=target,
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


async def test_a_model_that_the_plan_lacks_is_refused(wired: Wired) -> None:
    asking = Asking(await wired())
    asking.wire.account.not_offered("claude-opus-5")
    with pytest.raises(ModelNotOffered, match="does not offer this model to the account"):
        await asking.ask(model="mine")


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


EFFORT = b'{"properties":{"output_config":{"properties":{"effort":{"enum":["low"]}}}}}'
DEEP = Thinking(enabled=True, effort="low")
OPUS = "claude-opus-4.8"


def calls(asking: Asking) -> tuple[int, int]:
    """Return how often Kiro answered and refused."""
    return len(asking.wire.simulator.requests), len(asking.wire.simulator.refused)


def said(*parts: Any) -> tuple[Turn, ...]:
    return (Turn("user", (TextPart("go"),)), Turn("assistant", (*parts, TextPart("x"))))


async def test_fields_that_the_model_refuses_are_dropped_once_and_remembered(wired: Wired) -> None:
    asking = Asking(await wired())
    reply = await asking.ask(thinking=DEEP, schema=EFFORT)
    assert calls(asking) == (1, 1)
    assert isinstance(reply.parts[0], ThinkingPart), "the model was asked by tags in their place"
    assert "Kiro refused the extra fields: asked again without" in asking.notes
    first, again = asking.ids
    assert first != again
    await asking.ask(thinking=DEEP, schema=EFFORT)
    assert calls(asking) == (2, 1)


async def test_a_body_that_is_refused_without_fields_is_refused(wired: Wired) -> None:
    asking = Asking(await wired())
    asking.wire.simulator.order("refuse", status=400, reason="REQUEST_BODY_INVALID")
    with pytest.raises(BodyRefused):
        await asking.ask()
    assert calls(asking) == (0, 1)


async def test_what_is_refused_twice_is_refused_and_teaches_nothing(wired: Wired) -> None:
    asking = Asking(await wired())
    asking.wire.simulator.order("refuse", times=2, status=400, reason="REQUEST_BODY_INVALID")
    with pytest.raises(BodyRefused):
        await asking.ask(model=OPUS, thinking=DEEP)
    assert calls(asking) == (0, 2)
    await asking.ask(model=OPUS, thinking=DEEP)
    fields = asking.wire.simulator.requests[-1].parsed()["additionalModelRequestFields"]
    assert fields["output_config"] == {"effort": "low"}


class Overtaken:
    """A client whose first request is overtaken by another one, which fails."""

    def __init__(self, client: KiroClient, other: Callable[[], Awaitable[None]]) -> None:
        self.options = client.options
        self._client = client
        self._others = [other]

    async def stream(self, body: bytes, access: Access) -> Exchange:
        if self._others:
            await self._others.pop()()
        return await self._client.stream(body, access)


async def test_ids_that_failed_in_another_request_meanwhile_are_no_fault_of_the_body(
    wired: Wired,
) -> None:
    asking = Asking(await wired())

    async def other() -> None:
        asking.wire.account.throttle(1)
        flow = asking.flow("Hello", OPUS, thinking=DEEP)
        with pytest.raises(RateLimited) as failed:
            await asking.endpoint(flow)
        flow.failure = failed.value
        await flow.aclose()

    asking.endpoint._client = Overtaken(asking.wire.kiro, other)  # type: ignore[assignment]  # as far as it is used
    await asking.ask(model=OPUS, thinking=DEEP)
    assert [refused.rules for refused in asking.wire.simulator.refused][1:] == [("resent-ids",)]
    assert "another request burnt the ids meanwhile: asked again with fresh ones" in asking.notes
    (request,) = asking.wire.simulator.requests
    assert "additionalModelRequestFields" in request.parsed()
    assert not asking.endpoint._lessons.of(OPUS).refuses_fields


async def test_a_foreign_signature_is_left_out_once_and_remembered(wired: Wired) -> None:
    asking = Asking(await wired())
    past = said(ThinkingPart("hm", "foreign"))
    await asking.ask(past=past)
    assert calls(asking) == (1, 1)
    assert asking.notes[1] == "Kiro refused the earlier thinking: asked again without"
    await asking.ask(past=past)
    assert calls(asking) == (2, 1)
    asking.wire.simulator.order("refuse", status=400, reason="THINKING_SIGNATURE_INVALID")
    with pytest.raises(ThoughtsRefused):
        await asking.ask(past=past)


async def test_thoughts_that_came_through_go_back_to_their_model_only(wired: Wired) -> None:
    asking = Asking(await wired())
    reply = await asking.ask(model=OPUS, thinking=DEEP)
    (thought, _) = reply.parts
    assert isinstance(thought, ThinkingPart)
    past = said(thought)
    await asking.ask(model=OPUS, past=past)
    await asking.ask(model="claude-opus-5", past=past)
    same, other = (request.parsed() for request in asking.wire.simulator.requests[-2:])
    turns = [body["conversationState"]["history"][1] for body in (same, other)]
    kept, left = (turn["assistantResponseMessage"].get("reasoningContent") for turn in turns)
    assert kept == {"reasoningText": {"text": thought.text, "signature": thought.signature}}
    assert left is None
    assert calls(asking) == (3, 0)


async def test_thoughts_go_too_where_a_body_without_fields_is_refused(wired: Wired) -> None:
    asking = Asking(await wired())
    asking.wire.simulator.order("refuse", status=400, reason="REQUEST_BODY_INVALID")
    await asking.ask(past=said(ThinkingPart("hm", signature_of("glm-5", "hm"))), model="glm-5")
    assert calls(asking) == (1, 1)
    assert b"reasoningContent" not in asking.wire.simulator.requests[-1].body


class Read:
    """An upstream that has these frames to give, one a read."""

    ended = False

    def __init__(self, *frames: tuple[str, bytes]) -> None:
        self._frames = [encode({":event-type": kind}, payload) for kind, payload in frames]

    async def read(self) -> bytes:
        return self._frames.pop(0)

    def fall_silent(self) -> None:
        pytest.fail("it has said something")


@pytest.mark.parametrize("show", ["hidden", "signed"])
async def test_thoughts_that_are_not_passed_on_are_no_silence(show: Any) -> None:
    exchange: Any = Read(
        ("reasoningContentEvent", b'{"text":"hm"}'),
        ("assistantResponseEvent", b'{"content":"So"}'),
    )
    events = Events(exchange, Interpreter(ToolNames(), 200_000, 0, Hearing(show)), 1.0, Alarms())
    with Limit(500, Alarms()) as limit:
        limit.at -= 400
        before = limit.at
        await events.prime(limit)
        assert limit.at > before + 300


async def test_events_that_say_nothing_leave_the_time_as_it_is() -> None:
    exchange: Any = Read(
        ("messageMetadataEvent", b"{}"), ("assistantResponseEvent", b'{"content":"So"}')
    )
    events = Events(exchange, Interpreter(ToolNames(), 200_000), 1.0, Alarms())
    with Limit(500, Alarms()) as limit:
        before = limit.at
        await events.prime(limit)
        assert limit.at == before


async def test_it_learns_how_a_model_counts_from_what_kiro_reports(wired: Wired) -> None:
    asking = Asking(await wired())
    line = asking.endpoint._measures._calibration.of("claude-sonnet-4.5")
    first = await asking.ask("word " * 4_000)
    assert first.usage.source == "derived"
    for _ in range(30):
        await asking.ask("word " * 4_000)
    learnt = asking.endpoint._measures._calibration.of("claude-sonnet-4.5")
    assert learnt.reports == 31
    assert learnt != line
    last = await asking.ask("word " * 4_000)
    started = asking.seen[0]
    assert isinstance(started, ReplyStarted)
    assert started.estimated_input == pytest.approx(last.usage.input, rel=0.05)


async def test_what_surely_does_not_fit_is_not_sent(wired: Wired) -> None:
    asking = Asking(await wired())
    with pytest.raises(ContextTooLong) as refused:
        await asking.ask("1 " * 300_000, model="deepseek-3.2")
    assert refused.value.tokens is not None
    assert refused.value.most is not None
    assert refused.value.tokens > refused.value.most
    assert asking.ids == []


async def test_kiros_refusal_of_a_long_conversation_names_our_figures(wired: Wired) -> None:
    asking = Asking(await wired())
    with pytest.raises(ContextTooLong) as refused:
        await asking.ask("[[sim:too-long]] " + "1 " * 230_000)
    assert (refused.value.most, len(asking.ids)) == (200_000, 1)


async def test_what_kiro_refuses_all_the_same_is_told_by_its_shape(wired: Wired) -> None:
    asking = Asking(await wired())
    lines: list[str] = []
    sink = loguru.logger.add(lines.append, level="WARNING", format="{level} {message}")
    try:
        with pytest.raises(InvalidRequest, match="Improperly formed request") as refused:
            await asking.ask("a secret [[sim:improper]]")
    finally:
        loguru.logger.remove(sink)
    assert refused.value.rule is None
    (line,) = lines
    assert line.startswith("WARNING Kiro refused what passed every check here: claude-sonnet-4.5")
    assert "1 turns of the user; near its limit: no rule; repairs: none" in line
    assert "though it passed every check here" in asking.notes[-1]
    assert "secret" not in line + asking.notes[-1]


async def test_what_is_refused_here_is_never_sent_and_noted_with_its_rule(wired: Wired) -> None:
    asking = Asking(await wired())
    with pytest.raises(ContextTooLong):
        await asking.ask("word " * 300_000)
    assert asking.notes[0].startswith("refused before it was sent: The conversation has")
    assert asking.notes[0].endswith("(rule §3.8).")
    assert asking.ids == []


async def test_of_a_dry_flow_nothing_is_sent(wired: Wired) -> None:
    asking = Asking(await wired())
    flow = asking.flow("Hello", "claude-sonnet-4.5")
    flow.dry = True
    with pytest.raises(NothingSent) as end:
        await asking.endpoint(flow)
    await flow.aclose()
    assert b"Hello" in end.value.composed.body
    assert end.value.shape.counts["turns of the user"] == 1
    assert asking.ids == []


async def test_what_is_closed_in_the_middle_is_read_no_further_and_burns_no_ids(
    wired: Wired,
) -> None:
    asking = Asking(await wired())
    asking.wire.account.fault("stall", at=400)
    flow = asking.flow("Hello", "claude-sonnet-4.5")
    await asking.endpoint(flow)
    await anext(flow.events)
    await close(flow.events)
    with pytest.raises(UpstreamDisconnected):
        await anext(flow.events)
    await flow.aclose()
    await asking.ask()
    assert len(set(asking.ids)) == 1
