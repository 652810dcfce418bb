import pytest

from ki2api.conversation import TextPart, ThinkingPart, ToolCallPart, WebPage
from ki2api.events import (
    Grammar,
    GrammarError,
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    SearchCallPart,
    SearchResultPart,
    Usage,
    UsageReported,
    fold,
)

USAGE = Usage(10, 5, "upstream")
START, END = ReplyStarted(7), ReplyEnded("end")


def test_a_whole_reply_folds_from_its_events() -> None:
    events: list[ReplyEvent] = [
        START,
        PartStarted(0, "thinking"),
        PartDelta(0, "hm"),
        PartEnded(0, "sig"),
        PartStarted(1, "thinking", redacted="blob"),
        PartEnded(1),
        UsageReported(Usage(1, 1, "estimate")),
        PartStarted(2, "text"),
        PartDelta(2, "a"),
        PartDelta(2, "b"),
        PartEnded(2),
        PartStarted(3, "tool-call", "id", "name"),
        PartEnded(3),
        UsageReported(USAGE),
        ReplyEnded("stop-sequence", "x"),
    ]
    assert fold(events) == Reply(
        (
            ThinkingPart("hm", "sig"),
            ThinkingPart("", "", "blob"),
            TextPart("ab"),
            ToolCallPart("id", "name", "{}"),
        ),
        "stop-sequence",
        USAGE,
        "x",
    )


def test_a_search_folds_with_what_rests_on_it() -> None:
    page = WebPage(1, "https://a.test/", "A")
    result = SearchResultPart("id", (page,))
    events: list[ReplyEvent] = [
        START,
        PartStarted(0, "search-call", "id", "web_search"),
        PartEnded(0),
        PartStarted(1, "search-result", "id", result=result),
        PartEnded(1),
        PartStarted(2, "search-result", "other"),
        PartEnded(2),
        PartStarted(3, "text"),
        PartDelta(3, "a"),
        PartEnded(3, citations=(page,)),
        END,
    ]
    assert fold(events).parts == (
        SearchCallPart("id", "web_search", "{}"),
        result,
        SearchResultPart("other"),
        TextPart("a", citations=(page,)),
    )


def test_without_a_report_the_estimate_stands() -> None:
    assert fold([START, END]).usage == Usage(7, 0, "estimate")


def test_events_after_the_end_are_not_looked_at() -> None:
    assert fold([START, END, START]).parts == ()


@pytest.mark.parametrize(
    "events",
    [
        [END],
        [PartStarted(0, "text")],
        [START, START],
        [START, PartDelta(0, "a")],
        [START, PartEnded(0)],
        [START, PartStarted(1, "text")],
        [START, PartStarted(0, "text"), PartDelta(1, "a")],
        [START, PartStarted(0, "text"), PartEnded(1)],
        [START, PartStarted(0, "text"), UsageReported(USAGE)],
        [START, PartStarted(0, "text"), PartStarted(1, "text")],
        [START, PartStarted(0, "text"), PartEnded(0), PartStarted(0, "text")],
        [START, PartStarted(0, "text"), END],
    ],
)
def test_events_out_of_order_are_refused(events: list[ReplyEvent]) -> None:
    with pytest.raises(GrammarError):
        fold(events)


@pytest.mark.parametrize("events", [[], [START], [START, PartStarted(0, "text"), PartEnded(0)]])
def test_a_reply_without_an_end_is_none(events: list[ReplyEvent]) -> None:
    with pytest.raises(GrammarError, match="end before"):
        fold(events)


def test_the_grammar_knows_when_the_reply_is_complete() -> None:
    grammar = Grammar()
    grammar.check(START)
    assert not grammar.ended
    grammar.check(END)
    assert grammar.ended
    with pytest.raises(GrammarError, match="ended"):
        grammar.check(UsageReported(USAGE))


def test_the_whole_input_holds_what_the_cache_did() -> None:
    assert USAGE.whole_input == 10
    assert Usage(10, 5, "upstream", cache_read=20, cache_write=30).whole_input == 60
