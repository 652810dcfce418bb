"""How the rounds of one reply become one."""

import pytest

from ki2api.conversation import TextPart, ThinkingPart, ToolCallPart, WebPage
from ki2api.events import (
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
from ki2api.websearch.rounds import Rounds

PAGE = WebPage(1, "https://a.test/", "A", "Words of A.")
OTHER = WebPage(2, "https://b.test/", "B", "Words of B.")


def round_of(*parts: ReplyEvent, usage: Usage, reason: str = "end") -> tuple[ReplyEvent, ...]:
    return (ReplyStarted(5), *parts, UsageReported(usage), ReplyEnded(reason))  # type: ignore[arg-type]  # the test's own words


def text(*pieces: str, index: int = 0) -> tuple[ReplyEvent, ...]:
    deltas = (PartDelta(index, piece) for piece in pieces)
    return (PartStarted(index, "text"), *deltas, PartEnded(index))


def call(name: str, index: int) -> tuple[ReplyEvent, ...]:
    return (
        PartStarted(index, "tool-call", f"id-{name}", name),
        PartDelta(index, "{}"),
        PartEnded(index),
    )


def said(pieces: tuple[str, ...], pages: tuple[WebPage, ...] = (PAGE, OTHER)) -> Reply:
    rounds = Rounds("web", pages)
    events = [*rounds.take(round_of(*text(*pieces), usage=Usage(1, 1, "upstream")))]
    rounds.finish_round()
    return fold([*events, *rounds.end("end", None)])


def test_two_rounds_become_one_reply() -> None:
    rounds = Rounds("web", ())
    first = round_of(
        PartStarted(0, "thinking"),
        PartDelta(0, "hm"),
        PartEnded(0, "sig"),
        *text("I look.", index=1),
        *call("web", 2),
        usage=Usage(10, 2, "upstream", 1, None, 0.5, 3.0),
        reason="tool-calls",
    )
    events = [shown for event in first for shown in rounds.take((event,))]
    raw = rounds.finish_round()
    assert raw.parts == (
        ThinkingPart("hm", "sig"),
        TextPart("I look."),
        ToolCallPart("id-web", "web", "{}"),
    )
    assert rounds.next_number == 1
    found = SearchResultPart("id-web", (PAGE,))
    events += rounds.call(ToolCallPart("id-web", "web", "{}"))
    events += rounds.result(found)
    events += rounds.result(SearchResultPart("id-x", fault="unavailable"))
    assert rounds.next_number == 2
    second = round_of(
        *text('<cite index="1">A is.</cite>'), usage=Usage(20, 3, "derived", None, 4, None, 5.0)
    )
    events += rounds.take(second)
    rounds.finish_round()
    assert fold([*events, *rounds.end("end", None)]) == Reply(
        (
            ThinkingPart("hm", "sig"),
            TextPart("I look."),
            SearchCallPart("id-web", "web", "{}"),
            found,
            SearchResultPart("id-x", fault="unavailable"),
            TextPart("A is.", citations=(PAGE,)),
        ),
        "end",
        Usage(30, 5, "derived", 1, 4, 0.5, 5.0, 1),
    )


def test_costs_that_nobody_reports_stay_unknown_and_the_last_context_counts() -> None:
    rounds = Rounds("web", ())
    for usage in (
        Usage(1, 1, "estimate", credits=0.25, context_percent=7.0),
        Usage(2, 2, "upstream", credits=0.5, thinking=1),
    ):
        rounds.take(round_of(*text("x"), usage=usage))
        rounds.finish_round()
    reported, _ = rounds.end("end", None)
    assert reported == UsageReported(Usage(3, 3, "estimate", None, None, 0.75, 7.0, thinking=1))


def test_a_clients_tool_stays_one() -> None:
    rounds = Rounds("web", ())
    shown = rounds.take(round_of(*call("ls", 0), usage=Usage(1, 1, "upstream")))
    assert shown[1] == PartStarted(0, "tool-call", "id-ls", "ls")


def test_a_search_is_shown_when_it_is_run_and_not_before() -> None:
    rounds = Rounds("web", ())
    usage = Usage(1, 1, "upstream")
    wanted = round_of(*call("web", 0), *call("ls", 1), *call("web", 2), usage=usage)
    events = [*rounds.take(wanted)]
    assert [e.kind for e in events if isinstance(e, PartStarted)] == ["tool-call"]
    first, _, last = rounds.finish_round().parts
    for each in (first, last):
        assert isinstance(each, ToolCallPart)
        events += rounds.call(each) + rounds.result(SearchResultPart(each.id))
    kinds = [type(part).__name__ for part in fold([*events, *rounds.end("end", None)]).parts]
    assert kinds == ["ToolCallPart", *(2 * ["SearchCallPart", "SearchResultPart"])]


@pytest.mark.parametrize(
    ("pieces", "parts"),
    [
        (("plain",), [("plain", ())]),
        ((), []),
        (("",), []),
        (
            ("So ", '<cite index="1,2">both</cite>', " say."),
            [("So ", ()), ("both", (PAGE, OTHER)), (" say.", ())],
        ),
        (("<ci", 'te index="2"', ">b</c", "ite>"), [("b", (OTHER,))]),
        (('<cite index="9">unknown</cite> x',), [("unknown", ()), (" x", ())]),
        (('<cite index="1">never closed',), [("never closed", (PAGE,))]),
        (('<cite index="1"></cite>',), []),
        (("ends in <ci",), [("ends in <ci", ())]),
    ],
)
def test_what_is_marked_is_cited_and_nothing_else(
    pieces: tuple[str, ...], parts: list[tuple[str, tuple[WebPage, ...]]]
) -> None:
    assert said(pieces).parts == tuple(TextPart(words, citations=pages) for words, pages in parts)


def test_a_round_that_broke_off_is_none() -> None:
    rounds = Rounds("web", ())
    rounds.take((ReplyStarted(), PartStarted(0, "text"), PartDelta(0, "x")))
    with pytest.raises(GrammarError):
        rounds.finish_round()
