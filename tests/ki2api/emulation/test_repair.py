"""Asking once more."""

from ki2api.conversation import (
    Conversation,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.emulation.repair import asked_again, costing_more
from ki2api.events import Reply, ReplyEnded, Usage, UsageReported

HELLO = Turn("user", (TextPart("Hello"),))
USAGE = Usage(1, 2, "upstream")
TOLD = TextPart("(That reply cannot be used. It is bad. Reply once more, in full.)")


def test_the_reply_and_its_fault_follow() -> None:
    reply = Reply((ThinkingPart("Hm"), TextPart("No"), TextPart("")), "end", USAGE)
    assert asked_again(Conversation("m", (HELLO,)), reply, "It is bad.").turns == (
        HELLO,
        Turn("assistant", (TextPart("No"),)),
        Turn("user", (TOLD,)),
    )


def test_calls_have_failed() -> None:
    call = ToolCallPart("1", "f", "{}")
    asked = asked_again(Conversation("m", (HELLO,)), Reply((call,), "end", USAGE), "It is bad.")
    assert asked.turns[1:] == (
        Turn("assistant", (call,)),
        Turn("user", (ToolResultPart("1", (TOLD,), is_error=True),)),
    )


def test_a_reply_of_thoughts_alone_is_not_repeated() -> None:
    reply = Reply((ThinkingPart("Hm"),), "end", USAGE)
    asked = asked_again(Conversation("m", (HELLO,)), reply, "It is bad.")
    assert asked.turns == (HELLO, Turn("user", (TOLD,)))


def test_what_was_asked_before_costs_too() -> None:
    first = Usage(1, 2, "estimate", credits=0.5, context_percent=1.0, thinking=1)
    second = Usage(10, 20, "upstream", cache_read=3, context_percent=2.0)
    report, ended = costing_more([first, first], (UsageReported(second), ReplyEnded("end")))
    assert report == UsageReported(
        Usage(12, 24, "estimate", cache_read=3, credits=1.0, context_percent=2.0, thinking=2)
    )
    assert ended == ReplyEnded("end")


def test_what_nobody_reported_stays_unknown() -> None:
    (report,) = costing_more([USAGE], (UsageReported(USAGE),))
    assert report == UsageReported(Usage(2, 4, "upstream"))
