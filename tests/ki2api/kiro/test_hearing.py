"""Thoughts are passed on as the caller wants them, and never twice."""

from typing import Any

import msgspec
import pytest

from ki2api.conversation import TextPart, Thinking, ThinkingPart, ToolCallPart
from ki2api.errors import EmptyReply
from ki2api.estimate import Tally
from ki2api.events import Reply, fold
from ki2api.kiro.framing import Frame
from ki2api.kiro.hearing import Hearing, Show, hearing_of
from ki2api.kiro.interpret import Interpreter
from ki2api.kiro.names import ToolNames
from ki2api.models import Model

TAGS = Hearing("shown", tagged=True)
OLD, NEW = Model("claude-sonnet-4.5"), Model("claude-opus-4.8")


def event(kind: str, **payload: Any) -> Frame:
    return Frame({":event-type": kind}, msgspec.json.encode(payload))


def text(words: str) -> Frame:
    return event("assistantResponseEvent", content=words)


def thoughts(**payload: str) -> Frame:
    return event("reasoningContentEvent", **payload)


CALL = event("toolUseEvent", toolUseId="1", name="t", stop=True)
CALLED = ToolCallPart("1", "t", "{}")


def reading(hearing: Hearing, *frames: Frame) -> tuple[Interpreter, Reply]:
    reader = Interpreter(ToolNames(), 200_000, 7, hearing)
    events = [event for frame in frames for event in reader.feed(frame)]
    return reader, fold([*events, *reader.finish()])


def read(hearing: Hearing, *frames: Frame) -> tuple[Any, ...]:
    return reading(hearing, *frames)[1].parts


@pytest.mark.parametrize(
    ("thinking", "model", "hearing"),
    [
        (Thinking(), NEW, Hearing("hidden")),
        (Thinking(effort="low"), NEW, Hearing("hidden")),
        (Thinking(display="summarized"), NEW, Hearing("shown")),
        (Thinking(enabled=False, display="summarized"), NEW, Hearing("hidden")),
        (Thinking(enabled=True), OLD, Hearing("shown")),
        (Thinking(enabled=True), NEW, Hearing("shown", tagged=True)),
        (Thinking(enabled=True, display="omitted"), NEW, Hearing("signed", tagged=True)),
    ],
)
def test_the_caller_decides(thinking: Thinking, model: Model, hearing: Hearing) -> None:
    assert hearing_of(thinking, model, asked_by_tags=False) == hearing


def test_tags_that_were_asked_for_are_looked_for() -> None:
    assert hearing_of(Thinking(enabled=True), OLD, asked_by_tags=True) == TAGS


def test_tagged_thoughts_are_a_part_of_their_own() -> None:
    frames = [text("\n<thin"), text("king>I weigh"), text("</thinking>\n"), text("\nSo")]
    assert read(TAGS, *frames) == (ThinkingPart("I weigh"), TextPart("So"))
    assert read(Hearing(), *frames) == (TextPart("\n<thinking>I weigh</thinking>\n\nSo"),)


def test_a_call_ends_tagged_thoughts() -> None:
    assert read(TAGS, text("<thinking>hm</thinking>"), CALL, text("So")) == (
        ThinkingPart("hm"),
        CALLED,
        TextPart("So"),
    )
    assert read(TAGS, CALL, text("<thinking>hm</thinking>\n\nSo")) == (
        CALLED,
        TextPart("<thinking>hm</thinking>\n\nSo"),
    )


def test_thoughts_that_came_as_events_do_not_come_again_as_tags() -> None:
    native = [thoughts(text="hm"), thoughts(signature="sig")]
    reader, reply = reading(TAGS, *native, text("<thinking>hm</thinking>\n\nSo"))
    assert reply.parts == (ThinkingPart("hm", "sig"), TextPart("So"))
    assert reader.skipped == {"thoughts that came twice": 1}


def test_nor_the_other_way_round() -> None:
    late = [thoughts(text="hm"), thoughts(signature="sig"), thoughts(redactedContent="blob")]
    reader, reply = reading(TAGS, text("<thinking>hm</thinking>\n\nSo"), *late)
    assert reply.parts == (ThinkingPart("hm"), TextPart("So"), ThinkingPart(redacted="blob"))
    assert reader.skipped == {"thoughts that came twice": 2}


def test_thoughts_that_nobody_asked_for_are_left_out() -> None:
    reader, reply = reading(
        Hearing("hidden"), thoughts(text="hm"), thoughts(signature="sig"), text("So")
    )
    assert reply.parts == (TextPart("So"),)
    assert reader.proofs == []
    assert reader.heard.withheld == 2
    with pytest.raises(EmptyReply):
        read(Hearing("hidden"), thoughts(text="hm"))


def test_of_omitted_thoughts_the_proof_is_given() -> None:
    signed = Hearing("signed")
    reader, reply = reading(signed, thoughts(signature="sig"), text("So"))
    assert reply.parts == (ThinkingPart("", "sig"), TextPart("So"))
    assert reader.proofs == ["sig"]
    assert read(signed, text("So"), thoughts(redactedContent="blob")) == (
        TextPart("So"),
        ThinkingPart(redacted="blob"),
    )


def test_a_signature_of_words_that_were_left_out_proves_nothing() -> None:
    frames = [thoughts(text="hm"), thoughts(signature="sig"), text("So"), thoughts(signature="s2")]
    assert read(Hearing("signed"), *frames) == (TextPart("So"), ThinkingPart("", "s2"))
    tagged = Hearing("signed", tagged=True)
    assert read(tagged, text("<thinking>hm</thinking>\n\nSo")) == (TextPart("So"),)


@pytest.mark.parametrize("show", ["shown", "signed", "hidden"])
def test_thoughts_are_counted_however_they_come_and_whoever_hears_them(show: Show) -> None:
    hearing = Hearing(show, tagged=True)
    native = reading(hearing, thoughts(text="I weigh it"), text("So"))[1].usage
    tagged = reading(hearing, text("<thinking>I weigh it</thinking>\n\nSo"))[1].usage
    tally = Tally()
    tally.add("I weigh it")
    assert native.thinking == tagged.thinking == tally.tokens
    assert reading(hearing, text("So"))[1].usage.thinking is None
