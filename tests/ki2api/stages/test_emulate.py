"""The emulate stage, with a model that says what it is told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from ki2api.conversation import (
    Conversation,
    ReplyFormat,
    Sampling,
    TextPart,
    Tool,
    ToolChoice,
    Turn,
)
from ki2api.errors import EmptyReply, InvalidReply, UpstreamDisconnected
from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    Usage,
    UsageReported,
    fold,
)
from ki2api.flow import GatewayFlow
from ki2api.models import Model, Target
from ki2api.protocols import Delivery
from ki2api.stages.emulate import Emulate, EmulateConfig
from pipeline import Batch, close
from pipeline.testing import build_flow, run_stage

pytestmark = pytest.mark.anyio
USAGE = Usage(3, 4, "upstream")
LOOK = Tool("look", "", msgspec.Raw(b'{"required":["x"]}'))
REQUIRED: Any = {"tools": (LOOK,), "tool_choice": ToolChoice("any")}
JSON: Any = {"reply_format": ReplyFormat("json")}


def said(words: str) -> list[ReplyEvent]:
    """Make a reply of words, or of a call of `look` with its input after a colon."""
    name, _, arguments = words.partition(":")
    call = name == "look"
    kind: Any = "tool-call" if call else "text"
    started = PartStarted(0, kind, "id" if call else "", "look" if call else "")
    reason: Any = "tool-calls" if call else "end"
    inside: list[ReplyEvent] = [started, PartDelta(0, arguments if call else words), PartEnded(0)]
    return [ReplyStarted(9), *inside, UsageReported(USAGE), ReplyEnded(reason)]


class Reading(AsyncIterator[Batch[ReplyEvent]]):
    """A reply that comes event by event, and knows whether it was closed."""

    def __init__(self, events: list[ReplyEvent], error: Exception | None = None) -> None:
        self.left = list(events)
        self.error = error
        self.closed = False

    async def __anext__(self) -> Batch[ReplyEvent]:
        if not self.left:
            raise self.error or StopAsyncIteration
        return (self.left.pop(0),)

    async def aclose(self) -> None:
        self.closed = True


class Scripted(list[Reading]):
    """Gives one reply after the other, and keeps what it was asked and which replies are held."""

    requires = frozenset({"conversation"})
    answers = frozenset({"events"})

    def __init__(self, *replies: Reading | str) -> None:
        super().__init__(
            reply if isinstance(reply, Reading) else Reading(said(reply)) for reply in replies
        )
        self.asked: list[Conversation] = []
        self.holding: list[int] = []
        self.gave_back: list[object] = []

    async def __call__(self, flow: GatewayFlow) -> None:
        number = len(self.asked)
        self.asked.append(flow.conversation)
        await flow.hold(self._held(number))
        flow.events = self[number]
        if flow.shorten and not flow.delivery.stream:  # as `retry` does
            flow.events = _once(
                [event async for batch in flow.shorten(flow.events) for event in batch]
            )

    @asynccontextmanager
    async def _held(self, number: int) -> AsyncIterator[None]:
        self.holding.append(number)
        try:
            yield
        except BaseException as error:
            self.gave_back.append(error)
            raise
        finally:
            self.holding.remove(number)
        self.gave_back.append(None)


async def _once(events: list[ReplyEvent]) -> AsyncIterator[Batch[ReplyEvent]]:
    yield tuple(events)


async def sent(
    model: Scripted, *, stream: bool = False, config: EmulateConfig | None = None, **asked: Any
) -> GatewayFlow:
    target = Target("m", asked.pop("target", Model("claude-sonnet-4.5")))
    turns = asked.pop("turns", (Turn("user", (TextPart("Hello"),)),))
    flow = build_flow(
        GatewayFlow,
        conversation=Conversation("m", turns, **asked),
        delivery=Delivery("id", "m", 0, stream=stream),
        target=target,
    )
    return await run_stage(Emulate(config or EmulateConfig()), flow, model)


async def events_of(flow: GatewayFlow) -> list[ReplyEvent]:
    events = [event async for batch in flow.events for event in batch]
    await close(flow.events)
    return events


def notes(flow: GatewayFlow) -> list[str]:
    return [note.text for note in flow.notes]


async def test_a_plain_request_passes_untouched() -> None:
    model = Scripted("Hello")
    flow = await sent(model, stream=True)
    assert flow.events is model[0]
    assert (flow.emulated, flow.notes) == ((), [])


@pytest.mark.parametrize("stream", [True, False])
async def test_a_cut_closes_its_source_and_what_was_asked_is_put_back(*, stream: bool) -> None:
    model = Scripted("Hello there")
    sampling = Sampling(max_tokens=1, stop=("x",))
    flow = await sent(model, stream=stream, sampling=sampling)
    assert flow.conversation.sampling == sampling
    assert model.asked[0].sampling == Sampling()
    assert flow.emulated == ("max_tokens", "stop")
    assert notes(flow) == ["emulated: max_tokens, stop"]
    reply = fold(await events_of(flow))
    assert reply.parts == (TextPart("H"),)
    assert reply.reason == "max-tokens"
    assert model[0].closed
    assert model[0].left


async def test_a_limit_that_the_model_keeps_is_only_watched() -> None:
    model = Scripted("word" * 5_000)
    own = Model("claude-sonnet-5")
    flow = await sent(model, target=own, sampling=Sampling(max_tokens=1_024))
    assert model.asked[0].sampling.max_tokens == 1_024
    assert flow.emulated == ()
    assert fold(await events_of(flow)).usage.output == 2_048


async def test_a_limit_beyond_what_the_model_writes_is_none() -> None:
    model = Scripted("Hello")
    flow = await sent(model, stream=True, sampling=Sampling(max_tokens=100_000))
    assert flow.events is model[0]
    assert model.asked[0].sampling.max_tokens is None
    assert notes(flow) == ["max_tokens: claude-sonnet-4.5 writes at most 64000"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_prefill_is_taken_off_once(*, stream: bool) -> None:
    turns = Turn("user", (TextPart("Hello"),)), Turn("assistant", (TextPart("ab"),))
    flow = await sent(Scripted("ababab"), stream=stream, turns=turns)
    assert fold(await events_of(flow)).parts == (TextPart("abab"),)


@pytest.mark.parametrize("stream", [True, False])
async def test_an_unfit_reply_is_asked_for_again(*, stream: bool) -> None:
    model = Scripted("No", 'look:{"x":1}')
    flow = await sent(model, stream=stream, **REQUIRED)
    reply = fold(await events_of(flow))
    assert reply.reason == "tool-calls"
    assert reply.usage == Usage(6, 8, "upstream")
    assert model[0].closed or not stream
    assert (model.gave_back, model.holding) == ([None], [1])
    assert [turn.role for turn in model.asked[1].turns] == ["user", "assistant", "user"]
    assert "the reply is unfit: It must call the tool look." in notes(flow)


async def test_a_stream_goes_on_as_soon_as_the_call_has_begun() -> None:
    model = Scripted('look:{"x":1}')
    flow = await sent(model, stream=True, **REQUIRED)
    assert not flow.held
    assert len(model[0].left) == 4
    assert fold(await events_of(flow)).usage == USAGE
    assert model[0].closed


async def test_json_is_held_back_until_it_fits() -> None:
    model = Scripted("no", '```\n{"x":1}\n```')
    flow = await sent(model, stream=True, **JSON)
    assert flow.held
    assert not model[1].left
    assert fold(await events_of(flow)).parts == (TextPart('{"x":1}'),)


@pytest.mark.parametrize("repairs", [0, 2])
async def test_after_the_last_repair_it_is_refused(repairs: int) -> None:
    model = Scripted("no", "no", "no")
    with pytest.raises(
        InvalidReply, match="what was asked for. It must be JSON alone".replace(".", "[.]")
    ):
        await sent(model, config=EmulateConfig(repairs=repairs), **JSON)
    assert model.gave_back == [None] * (repairs + 1)


async def test_what_is_not_held_back_is_told_at_its_end() -> None:
    model = Scripted("no")
    flow = await sent(model, stream=True, config=EmulateConfig(hold_streams=False), **JSON)
    assert [event async for batch in until_fault(flow) for event in batch] == said("no")[:-1]
    assert model[0].closed


async def test_an_end_in_company_of_a_fault_takes_nothing_along() -> None:
    model = Scripted("")
    model[0] = _once(said("no"))  # type: ignore[call-overload]  # any stream will do
    flow = await sent(model, stream=True, config=EmulateConfig(hold_streams=False), **JSON)
    assert [batch async for batch in until_fault(flow)] == [tuple(said("no")[:-1])]


async def until_fault(flow: GatewayFlow) -> AsyncIterator[Batch[ReplyEvent]]:
    try:
        async for batch in flow.events:
            yield batch
    except InvalidReply:
        return
    raise AssertionError("no fault")


async def test_strict_arguments_are_told_at_the_end_of_a_stream() -> None:
    strict = msgspec.structs.replace(LOOK, strict=True)
    flow = await sent(Scripted("look:{}"), stream=True, tools=(strict,))
    with pytest.raises(InvalidReply, match=r"\$.x: is required"):
        await events_of(flow)


async def test_a_stream_that_breaks_off_before_its_call_is_the_upstreams_fault() -> None:
    broken = Reading(said("No")[:3], UpstreamDisconnected("gone"))
    model = Scripted(broken)
    with pytest.raises(UpstreamDisconnected):
        await sent(model, stream=True, **REQUIRED)
    assert isinstance(model.gave_back[0], UpstreamDisconnected)


async def test_a_model_that_calls_where_it_must_not_is_asked_for_words() -> None:
    model = Scripted("look:{}", "Well")
    flow = await sent(model, tools=(LOOK,), tool_choice=ToolChoice("none"))
    assert fold(await events_of(flow)).parts == (TextPart("Well"),)
    assert "left out a call of look, which was not to be called" in notes(flow)


async def test_an_error_of_the_upstream_is_its_own() -> None:
    model = Scripted(Reading([], EmptyReply("nothing")))
    with pytest.raises(EmptyReply):
        await sent(model, **JSON)
