from typing import Any

import msgspec
import pytest

from ki2api.conversation import TextPart, ThinkingPart, ToolCallPart
from ki2api.errors import (
    ContextTooLong,
    EmptyReply,
    GatewayError,
    ModelOverloaded,
    RateLimited,
    UpstreamDisconnected,
    UpstreamGarbled,
    UpstreamUnavailable,
)
from ki2api.estimate import text_tokens
from ki2api.events import PartDelta, PartStarted, Reply, ReplyEnded, ReplyEvent, ReplyStarted, fold
from ki2api.kiro.framing import Frame
from ki2api.kiro.interpret import Interpreter
from ki2api.kiro.names import ToolNames


def event(kind: str, **payload: Any) -> Frame:
    headers = {":event-type": kind, ":message-type": "event"}
    return Frame(headers, msgspec.json.encode(payload))


def text(words: str) -> Frame:
    return event("assistantResponseEvent", content=words)


def use(**payload: Any) -> Frame:
    return event("toolUseEvent", **payload)


def fault(kind: str, message: str = "") -> Frame:
    headers = {":exception-type": kind, ":message-type": "exception"}
    return Frame(headers, msgspec.json.encode({"message": message}))


FULL = event("contextUsageEvent", contextUsagePercentage=100.0)


def interpreter() -> Interpreter:
    return Interpreter(ToolNames(), 200_000, 7)


def fed(reader: Interpreter, *frames: Frame) -> list[ReplyEvent]:
    return [event for frame in frames for event in reader.feed(frame)]


def read(*frames: Frame) -> Reply:
    reader = interpreter()
    return fold([*fed(reader, *frames), *reader.finish()])


def test_words_that_came_in_a_row_in_one_read_are_one_delta() -> None:
    out: list[ReplyEvent] = []
    interpreter().read([text("yes "), text("yes "), use(toolUseId="a", name="f"), text("no")], out)
    assert [each for each in out if isinstance(each, PartDelta)] == [PartDelta(0, "yes yes ")]


def test_pieces_of_a_call_in_one_read_are_one_delta_and_calls_stay_apart() -> None:
    out: list[ReplyEvent] = []
    pieces = ('{"a"', ":", "1}")
    calls = [use(toolUseId=each, name="f", input=piece) for each in "ab" for piece in pieces]
    ends = [use(toolUseId=each, stop=True) for each in "ab"]
    interpreter().read([*calls[:3], ends[0], *calls[3:], ends[1]], out)
    deltas = [each for each in out if isinstance(each, PartDelta)]
    assert deltas == [PartDelta(0, '{"a":1}'), PartDelta(1, '{"a":1}')]
    assert [type(each).__name__ for each in out[-4:]] == [
        "PartEnded",
        "PartStarted",
        "PartDelta",
        "PartEnded",
    ]


def test_pieces_of_a_call_come_before_what_follows_them_in_one_read() -> None:
    out: list[ReplyEvent] = []
    pieces = [use(toolUseId="a", name="f", input=piece) for piece in ('{"a":', "1}")]
    thought = event("reasoningContentEvent", text="hm")
    interpreter().read([*pieces, thought, use(toolUseId="a", stop=True)], out)
    kinds = [each.kind for each in out if isinstance(each, PartStarted)]
    deltas = [each for each in out if isinstance(each, PartDelta)]
    assert kinds == ["tool-call", "thinking"]
    assert deltas == [PartDelta(0, '{"a":1}'), PartDelta(1, "hm")]


def test_a_wrapped_piece_of_a_call_is_read_as_well() -> None:
    piece = {"toolUseId": "1", "name": "f", "input": "{}", "stop": True}
    assert read(use(toolUseEvent=piece)).parts == (ToolCallPart("1", "f", "{}"),)


@pytest.mark.parametrize(
    "bad", [Frame({":event-type": "assistantResponseEvent"}, b"{"), fault("ThrottlingException")]
)
def test_what_came_before_a_fault_is_there(bad: Frame) -> None:
    out: list[ReplyEvent] = []
    with pytest.raises(GatewayError):
        interpreter().read([text("one "), text("two"), bad, text("three")], out)
    assert out[-1] == PartDelta(0, "one two")


def test_deltas_are_joined_and_never_deduplicated() -> None:
    assert read(text("yes "), text("yes "), text("你好")).parts == (TextPart("yes yes 你好"),)


def test_the_reply_starts_with_its_first_part() -> None:
    reader = interpreter()
    assert fed(reader, event("messageMetadataEvent", conversationId="c"), text("")) == []
    assert fed(reader, text("a"))[0] == ReplyStarted(7)
    assert fed(reader, text("b")) == [PartDelta(0, "b")]


def test_an_empty_reply_can_be_asked_for_again() -> None:
    with pytest.raises(EmptyReply):
        read(
            event("contextUsageEvent", contextUsagePercentage=1.0), event("meteringEvent", usage=1)
        )


def test_an_empty_refusal_is_a_reply() -> None:
    reply = read(event("metadataEvent", stopReason="content_filtered"))
    assert reply.parts == ()
    assert reply.reason == "refusal"


def test_a_full_context_without_a_reply_is_too_long() -> None:
    with pytest.raises(ContextTooLong):
        read(FULL)


def test_thoughts_words_and_calls_are_parts_of_their_own() -> None:
    reply = read(
        event("reasoningContentEvent", text="h"),
        event("reasoningContentEvent", text="m"),
        event("reasoningContentEvent", signature="sig"),
        text("so"),
        use(toolUseId="1", name="t"),
        use(toolUseId="1", name="t", input='{"a":'),
        use(toolUseId="1", name="t", input="1}"),
        use(toolUseId="1", name="t", stop=True),
        event("reasoningContentEvent", redactedContent="blob"),
    )
    assert reply.parts == (
        ThinkingPart("hm", "sig"),
        TextPart("so"),
        ToolCallPart("1", "t", '{"a":1}'),
        ThinkingPart("", "", "blob"),
    )
    assert reply.reason == "tool-calls"


def test_an_input_may_be_an_object_in_one_frame() -> None:
    reply = read(use(toolUseId="1", name="t", input={"a": [1]}, stop=True))
    assert reply.parts == (ToolCallPart("1", "t", '{"a":[1]}'),)


def test_a_call_is_given_under_the_clients_name() -> None:
    names = ToolNames()
    names.declare("Get Weather")
    reader = Interpreter(names, 200_000)
    events = fed(reader, use(toolUseId="1", name="GET_WEATHER", stop=True))
    assert fold([*events, *reader.finish()]).parts == (ToolCallPart("1", "Get Weather", "{}"),)


def test_a_call_that_is_cut_off_is_no_call() -> None:
    with pytest.raises(UpstreamDisconnected):
        read(text("a"), use(toolUseId="1", name="t", input='{"a":1}'))


@pytest.mark.parametrize("form", ["assistantResponseEvent", "toolUseEvent", "contextUsageEvent"])
@pytest.mark.parametrize(
    "payload",
    [b"{", b"", b"[]", b'{"content":5,"toolUseId":5,"contextUsagePercentage":"x"}', b"\xff"],
)
def test_a_known_event_that_is_broken_is_garbled(form: str, payload: bytes) -> None:
    with pytest.raises(UpstreamGarbled, match=form):
        read(Frame({":event-type": form}, payload))


def test_wrapped_events_are_read_as_well() -> None:
    reply = read(
        event("assistantResponseEvent", assistantResponseEvent={"content": "a"}),
        event("contextUsageEvent", contextUsageEvent={"contextUsagePercentage": 50.0}),
    )
    assert reply.parts == (TextPart("a"),)
    assert reply.usage.context_percent == 50.0


@pytest.mark.parametrize("kind", ["assistantResponseEvent", "meteringEvent"])
@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"__type": "x#ThrottlingException"}, RateLimited),
        ({"_type": "ThrottlingException"}, RateLimited),
        ({"error": {"message": "Too bad"}}, UpstreamUnavailable),
    ],
)
def test_a_fault_inside_an_ordinary_event_is_a_fault(
    kind: str, payload: dict[str, Any], error: type[GatewayError]
) -> None:
    with pytest.raises(error):
        read(event(kind, **payload))


def test_unknown_events_are_skipped_and_counted() -> None:
    reader = interpreter()
    fed(
        reader,
        event("newEvent"),
        event("newEvent", a=1),
        Frame({}, b""),
        event("followupPromptEvent"),
        text("a"),
    )
    assert reader.skipped == {"newEvent": 2, "": 1}


def test_a_piece_of_a_complete_call_is_skipped_and_counted() -> None:
    reader = interpreter()
    fed(reader, use(toolUseId="1", name="t", stop=True), use(toolUseId="1", name="t", stop=True))
    assert reader.skipped == {"toolUseEvent after its stop": 1}


@pytest.mark.parametrize("kind", ["modelTemporarilyUnavailableEvent", "modelUnavailableEvent"])
def test_a_model_that_is_away_is_overloaded(kind: str) -> None:
    with pytest.raises(ModelOverloaded):
        read(event(kind, message="x", recommendedModel="y"))


def test_an_invalid_state_is_garbled() -> None:
    with pytest.raises(UpstreamGarbled, match="state"):
        read(event("invalidStateEvent", reason="INVALID_TASK_ASSIST_PLAN"))


def test_exception_and_error_frames_are_raised() -> None:
    with pytest.raises(RateLimited):
        read(text("a"), fault("ThrottlingException"))
    headers = {":message-type": "error", ":error-code": "InternalServerError"}
    with pytest.raises(UpstreamUnavailable):
        read(Frame(headers, b""))


def test_a_context_that_runs_over_ends_a_reply_that_has_begun() -> None:
    over = fault("ContentLengthExceededException")
    assert read(text("a"), over).reason == "context-full"
    with pytest.raises(ContextTooLong):
        read(over)


def test_the_end_brings_usage_and_reason() -> None:
    reply = read(
        text("Ten words of a reply."),
        FULL,
        event("meteringEvent", unit="credit", usage=0.25),
        event("meteringEvent", unit="credit", usage=0.5),
    )
    assert reply.reason == "context-full"
    output = text_tokens("Ten words of a reply.")
    assert (reply.usage.input, reply.usage.output) == (200_000 - output, output)
    assert reply.usage.credits == 0.75


def test_nothing_follows_the_end() -> None:
    reader = interpreter()
    fed(reader, text("a"))
    assert reader.finish()[-1] == ReplyEnded("end")
