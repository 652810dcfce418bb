from collections import defaultdict

import pytest

from ki2api.conversation import TextPart, ThinkingPart, ToolCallPart
from ki2api.errors import UpstreamDisconnected, UpstreamGarbled
from ki2api.events import PartDelta, Reply, ReplyEnded, ReplyEvent, fold
from ki2api.kiro.names import ToolNames
from ki2api.kiro.parts import Parts


@pytest.fixture
def parts() -> Parts:
    return Parts(ToolNames(), 3, defaultdict(int))


def whole(*events: list[ReplyEvent]) -> Reply:
    return fold([event for batch in events for event in [*batch]] + [ReplyEnded("end")])


def test_pieces_of_a_call_go_out_as_they_come(parts: Parts) -> None:
    parts.call("1", "t", "", stop=False)
    assert parts.call("1", "t", '{"a"', stop=False) == [PartDelta(0, '{"a"')]
    assert parts.called is False
    parts.call("1", "t", ":1}", stop=True)
    assert parts.called is True


def test_pieces_without_an_id_belong_to_the_open_call(parts: Parts) -> None:
    reply = whole(parts.call("1", "t", '{"a":', stop=False), parts.call("", "", "1}", stop=True))
    assert reply.parts == (ToolCallPart("1", "t", '{"a":1}'),)


def test_a_call_without_an_id_gets_one(parts: Parts) -> None:
    reply = whole(parts.call("", "t", "", stop=True), parts.call("", "t", "", stop=True))
    first, second = (part.id for part in reply.parts if isinstance(part, ToolCallPart))
    assert first.startswith("tooluse_")
    assert len(first) == len("tooluse_") + 22
    assert first != second


def test_a_call_without_a_name_is_garbled(parts: Parts) -> None:
    with pytest.raises(UpstreamGarbled, match="name"):
        parts.call("1", "", "", stop=False)


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_call_without_arguments_has_an_empty_object(parts: Parts, blank: str) -> None:
    reply = whole(parts.call("1", "t", blank, stop=False), parts.call("1", "t", "", stop=True))
    assert reply.parts == (ToolCallPart("1", "t", blank + "{}"),)


@pytest.mark.parametrize("broken", ['{"a":', "[1]", "5", '"x"', '{"a":1}}', "{'a': 1}", "  "])
def test_a_complete_call_with_broken_json_is_garbled(parts: Parts, broken: str) -> None:
    with pytest.raises(UpstreamGarbled, match="broken JSON"):
        parts.call("1", "t", broken, stop=True)


def test_a_second_call_waits_for_the_first(parts: Parts) -> None:
    reply = whole(
        parts.call("1", "t", '{"a":', stop=False),
        parts.call("2", "u", '{"b":', stop=False),
        parts.call("3", "v", "", stop=True),
        parts.call("2", "u", "2}", stop=True),
        parts.call("1", "t", "1}", stop=True),
    )
    assert reply.parts == (
        ToolCallPart("1", "t", '{"a":1}'),
        ToolCallPart("2", "u", '{"b":2}'),
        ToolCallPart("3", "v", "{}"),
    )


def test_words_and_thoughts_wait_for_the_call(parts: Parts) -> None:
    reply = whole(
        parts.call("1", "t", "{", stop=False),
        parts.text("a"),
        parts.thoughts("b", "c", ""),
        parts.text("d"),
        parts.call("1", "t", "}", stop=True),
        parts.text("e"),
        parts.finish(),
    )
    assert reply.parts == (
        ToolCallPart("1", "t", "{}"),
        TextPart("a"),
        ThinkingPart("b", "c"),
        TextPart("de"),
    )


def test_a_waiting_call_that_never_stops_is_cut_off(parts: Parts) -> None:
    parts.call("1", "t", "{", stop=False)
    parts.call("2", "u", "{", stop=False)
    parts.call("1", "t", "}", stop=True)
    with pytest.raises(UpstreamDisconnected):
        parts.finish()


def test_a_signature_alone_is_a_thought_of_its_own(parts: Parts) -> None:
    reply = whole(parts.text("a"), parts.thoughts("", "sig", ""), parts.finish())
    assert reply.parts == (TextPart("a"), ThinkingPart("", "sig"))


def test_thoughts_go_on_until_they_are_signed(parts: Parts) -> None:
    reply = whole(
        parts.thoughts("a", "", ""),
        parts.thoughts("b", "one", ""),
        parts.thoughts("c", "", ""),
        parts.thoughts("", "", ""),
        parts.thoughts("", "", "blob"),
        parts.finish(),
    )
    assert reply.parts == (
        ThinkingPart("ab", "one"),
        ThinkingPart("c"),
        ThinkingPart("", "", "blob"),
    )


def test_nothing_begun_is_nothing_to_end(parts: Parts) -> None:
    assert parts.thoughts("", "", "") == []
    assert parts.finish() == []
    assert parts.count == 0


def test_a_signature_may_come_in_pieces_and_ends_its_thoughts(parts: Parts) -> None:
    reply = whole(
        parts.thoughts("hm", "si", ""),
        parts.thoughts("", "g", ""),
        parts.thoughts("so", "", ""),
        parts.text("x"),
        parts.finish(),
    )
    assert reply.parts == (ThinkingPart("hm", "sig"), ThinkingPart("so"), TextPart("x"))
    assert parts.proofs == ["sig"]


def test_a_signature_without_words_is_a_part(parts: Parts) -> None:
    reply = whole(parts.text("x"), parts.thoughts("", "sig", ""), parts.finish())
    assert reply.parts == (TextPart("x"), ThinkingPart("", "sig"))


def test_a_signature_that_comes_too_late_for_its_words_is_none() -> None:
    skipped: defaultdict[str, int] = defaultdict(int)
    parts = Parts(ToolNames(), 3, skipped)
    reply = whole(
        parts.thoughts("hm", "", ""), parts.text("x"), parts.thoughts("", "sig", ""), parts.finish()
    )
    assert reply.parts == (ThinkingPart("hm"), TextPart("x"))
    assert skipped == {"signature of thoughts that had ended": 1}


def test_late_thoughts_with_their_signature_are_a_part(parts: Parts) -> None:
    reply = whole(
        parts.text("x"),
        parts.call("1", "t", "", stop=True),
        parts.thoughts("...", "", ""),
        parts.thoughts("", "sig", ""),
        parts.finish(),
    )
    assert reply.parts[-1] == ThinkingPart("...", "sig")
