"""Which calls are passed on."""

from typing import Any

from ki2api.conversation import TextPart, ToolCallPart
from ki2api.emulation.calls import Calls

CALL = ToolCallPart("id-0", "a", "{}")


def test_the_first_call_is_the_only_one(folded: Any, say: Any) -> None:
    notes: list[str] = []
    parts = say.call(0, "a"), say.text(1, "and"), say.call(2, "b")
    reply = folded(
        say.reply(*parts, reason="tool-calls"), Calls(None, single=True, note=notes.append)
    )
    assert reply.parts == (CALL, TextPart("and"))
    assert reply.reason == "tool-calls"
    assert notes == ["ended the reply before a further call, of b"]


def test_one_call_alone_keeps_its_usage(folded: Any, say: Any) -> None:
    events = say.reply(say.call(0, "a"), reason="tool-calls")
    assert folded(events, Calls(None, single=True, note=print)).usage == say.usage


def test_calls_of_other_tools_are_left_out(folded: Any, say: Any) -> None:
    notes: list[str] = []
    parts = say.call(0, "b", "{}"), say.text(1, "and"), say.call(2, "a")
    edit = Calls(frozenset({"a"}), single=False, note=notes.append)
    reply = folded(say.reply(*parts, reason="tool-calls"), edit)
    assert reply.parts == (TextPart("and"), ToolCallPart("id-2", "a", "{}"))
    assert reply.reason == "tool-calls"
    assert notes == ["left out a call of b, which was not to be called"]


def test_a_reply_without_any_call_left_does_not_end_with_calls(folded: Any, say: Any) -> None:
    events = say.reply(say.text(0, "I look"), say.call(1, "b"), reason="tool-calls")
    reply = folded(events, Calls(frozenset(), single=False, note=lambda _: None))
    assert reply.parts == (TextPart("I look"),)
    assert reply.reason == "end"
