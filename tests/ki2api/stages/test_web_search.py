"""The stage that searches the web in rounds."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

import msgspec
import pytest

from ki2api.accounts.companion import Access
from ki2api.accounts.lease import Lease
from ki2api.accounts.searches import Searches
from ki2api.conversation import (
    Conversation,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
    Turn,
    WebPage,
    WebSearch,
)
from ki2api.errors import (
    GatewayError,
    InvalidRequest,
    NoAccountLeft,
    QuotaSpent,
    RateLimited,
    UpstreamDisconnected,
    UpstreamUnavailable,
)
from ki2api.events import (
    EndReason,
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
from ki2api.flow import GatewayFlow
from ki2api.models import Model, Target
from ki2api.stages.web_search import WebSearchConfig, WebSearchStage
from pipeline import Chain, Secret
from pipeline.testing import build_flow

pytestmark = pytest.mark.anyio
ASK = Turn("user", (TextPart("What of pandas?"),))
PAGE = WebPage(1, "https://a.test/", "A", "Words of A.")
OTHER = WebPage(2, "https://b.test/", "B", "Words of B.")


def round_of(
    words: str, *calls: tuple[str, str], reason: EndReason | None = None
) -> tuple[ReplyEvent, ...]:
    events: list[ReplyEvent] = [ReplyStarted(5), PartStarted(0, "text"), PartDelta(0, words)]
    events.append(PartEnded(0))
    for index, (name, given) in enumerate(calls, start=1):
        started = PartStarted(index, "tool-call", f"id-{index}", name)
        events += [started, PartDelta(index, given), PartEnded(index)]
    end = ReplyEnded(reason or ("tool-calls" if calls else "end"))
    return (*events, UsageReported(Usage(10, 2, "upstream")), end)


def searching(query: str = "pandas") -> tuple[str, str]:
    return "web_search", f'{{"query":"{query}"}}'


class Held:
    """A resource of one round, which notes how it was left."""

    def __init__(self, diary: list[object]) -> None:
        self._diary = diary

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, _kind: object, error: object, _at: object) -> None:
        self._diary.append(error)


class Inside:
    """Everything inside: answers round after round, and remembers what it was asked."""

    requires = frozenset[str]()
    answers = frozenset({"events", "account"})

    def __init__(self, *rounds: Sequence[ReplyEvent] | GatewayError) -> None:
        self.asked: list[Conversation] = []
        self.left: list[object] = []
        self._rounds = list(rounds)

    async def __call__(self, flow: GatewayFlow) -> None:
        await flow.hold(Held(self.left))
        self.asked.append(flow.conversation)
        now = self._rounds.pop(0)
        if isinstance(now, GatewayError):
            raise now
        flow.account = cast("Lease", Access(name="work", token=Secret("t")))
        flow.events = self._events(now)

    async def _events(self, events: Sequence[ReplyEvent]) -> AsyncIterator[tuple[ReplyEvent, ...]]:
        for event in events:
            yield (event,)
        if not isinstance(events[-1], ReplyEnded):
            raise UpstreamDisconnected("broke off")


class Engine:
    """Finds two pages, or fails as told."""

    def __init__(self, *outcomes: GatewayError | tuple[WebPage, ...]) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._outcomes = list(outcomes)

    async def search(
        self, query: str, *, account: str, model: str, calling: Callable[[], None]
    ) -> tuple[WebPage, ...]:
        calling()
        self.asked.append((query, account, model))
        outcome = self._outcomes.pop(0) if self._outcomes else (PAGE, OTHER)
        if isinstance(outcome, GatewayError):
            raise outcome
        return outcome


def flow_with(search: WebSearch | None, *turns: Turn, **more: Any) -> GatewayFlow:
    conversation = Conversation("m", (*turns, ASK), web_search=search, **more)
    return build_flow(GatewayFlow, conversation=conversation, target=Target("m", Model("m-1")))


async def run(
    flow: GatewayFlow, inside: Inside, engine: Engine | None = None, **config: Any
) -> GatewayFlow:
    stage = WebSearchStage(WebSearchConfig(**config), cast("Searches", engine or Engine()))
    await Chain([("web-search", stage)], inside).run(flow)
    return flow


async def reply_of(flow: GatewayFlow) -> Reply:
    return fold([event async for batch in flow.events for event in batch])


async def test_without_a_search_nothing_is_touched() -> None:
    inside = Inside(round_of("hi"))
    flow = flow_with(None)
    asked = flow.conversation
    await run(flow, inside)
    assert inside.asked == [asked]
    assert flow.conversation is asked
    assert (await reply_of(flow)).parts == (TextPart("hi"),)


async def test_a_caller_who_wants_no_tools_gets_no_search() -> None:
    inside = Inside(round_of("hi"))
    flow = await run(flow_with(WebSearch(), tool_choice=ToolChoice("none")), inside)
    assert inside.asked[0].tools == ()
    assert inside.asked[0].web_search is None
    assert [note.text for note in flow.notes] == ["not offered: the caller wants no tool called"]


async def test_a_search_is_run_and_the_model_goes_on() -> None:
    inside = Inside(round_of("I look.", searching()), round_of('<cite index="2">B is.</cite>'))
    engine, flow = Engine(), flow_with(WebSearch())
    asked = flow.conversation
    await run(flow, inside, engine)
    assert flow.conversation is asked
    reply = await reply_of(flow)
    assert flow.conversation is asked
    assert reply == Reply(
        (
            TextPart("I look."),
            SearchCallPart("id-1", "web_search", '{"query":"pandas"}'),
            SearchResultPart("id-1", (PAGE, OTHER)),
            TextPart("B is.", citations=(OTHER,)),
        ),
        "end",
        Usage(20, 4, "upstream", searches=1),
    )
    assert engine.asked == [("pandas", "work", "m-1")]
    first, second = inside.asked
    assert [tool.name for tool in first.tools] == ["web_search"]
    assert second.tools == first.tools
    call, result = second.turns[-2:]
    assert call.parts == (
        TextPart("I look."),
        ToolCallPart("id-1", "web_search", '{"query":"pandas"}'),
    )
    assert isinstance(result.parts[0], ToolResultPart)
    assert result.parts[0].pages == (PAGE, OTHER)


async def test_what_a_round_holds_is_left_before_the_next_one_begins() -> None:
    inside = Inside(round_of("a", searching()), round_of("b"))
    flow = await run(flow_with(WebSearch()), inside)
    events = flow.events
    assert inside.left == []
    while len(inside.asked) == 1:
        await anext(events)
    assert inside.left == [None]
    async for _ in events:
        pass
    assert inside.left == [None, None]
    await flow.aclose()
    assert len(inside.left) == 2


async def test_events_come_as_they_happen() -> None:
    inside = Inside(round_of("a", searching()), round_of("b"))
    flow = await run(flow_with(WebSearch()), inside)
    assert await anext(flow.events) == (ReplyStarted(5),)
    assert await anext(flow.events) == (PartStarted(0, "text"), PartDelta(0, "a"))
    await flow.events.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert len(inside.asked) == 1
    assert inside.left == [None]


async def test_numbers_go_on_over_rounds_and_from_earlier_turns() -> None:
    past = WebPage(4, "https://c.test/", "C")
    before = (
        Turn("assistant", (ToolCallPart("x", "web_search", "{}"),)),
        Turn("user", (ToolResultPart("x", (TextPart("..."),), pages=(past,)),)),
    )
    inside = Inside(
        round_of("", searching("a"), searching("b")), round_of('<cite index="4,7">So.</cite>')
    )
    flow = await run(flow_with(WebSearch(), *before), inside)
    parts = (await reply_of(flow)).parts
    numbers = [
        [page.number for page in part.pages] for part in parts if isinstance(part, SearchResultPart)
    ]
    assert numbers == [[5, 6], [7, 8]]
    assert isinstance(parts[-1], TextPart)
    assert [page.url for page in parts[-1].citations] == ["https://c.test/", "https://a.test/"]


@pytest.mark.parametrize(("most", "setting"), [(2, 10), (None, 2), (9, 2)])
async def test_a_reply_has_so_many_searches_and_no_more(most: int | None, setting: int) -> None:
    inside = Inside(round_of("", *[searching()] * 3), round_of("", searching()), round_of("done"))
    engine = Engine()
    flow = await run(flow_with(WebSearch(max_uses=most)), inside, engine, max_searches=setting)
    reply = await reply_of(flow)
    faults = [part.fault for part in reply.parts if isinstance(part, SearchResultPart)]
    assert faults == ["", "", "too-many-searches", "too-many-searches"]
    assert len(engine.asked) == 2
    assert reply.usage.searches == 2
    assert reply.reason == "end"


async def test_a_model_that_does_nothing_else_is_stopped() -> None:
    inside = Inside(*[round_of("", searching())] * 3)
    flow = await run(flow_with(WebSearch()), inside, max_searches=1)
    reply = await reply_of(flow)
    assert len(inside.asked) == 3
    assert reply.reason == "end"
    assert isinstance(reply.parts[-1], SearchResultPart)


async def test_a_clients_tool_beside_a_search_ends_the_reply() -> None:
    inside = Inside(round_of("", ("ls", "{}"), searching()))
    flow = await run(flow_with(WebSearch()), inside)
    reply = await reply_of(flow)
    assert [type(part) for part in reply.parts] == [
        ToolCallPart,
        SearchCallPart,
        SearchResultPart,
    ]
    assert reply.reason == "tool-calls"
    assert len(inside.asked) == 1


async def test_a_round_that_was_cut_short_is_not_searched_for() -> None:
    inside, engine = Inside(round_of("", searching(), reason="max-tokens")), Engine()
    reply = await reply_of(await run(flow_with(WebSearch()), inside, engine))
    assert reply.reason == "max-tokens"
    assert engine.asked == []


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (RateLimited("slow"), "too-many-requests"),
        (QuotaSpent("spent"), "too-many-requests"),
        (NoAccountLeft("none"), "too-many-requests"),
        (UpstreamUnavailable("down"), "unavailable"),
    ],
)
async def test_a_search_that_fails_is_told_to_the_model(error: GatewayError, fault: str) -> None:
    inside = Inside(round_of("", searching()), round_of("I could not search."))
    flow = await run(flow_with(WebSearch()), inside, Engine(error))
    reply = await reply_of(flow)
    assert reply.parts[1] == SearchResultPart("id-1", fault=fault)  # type: ignore[arg-type]  # one of them
    assert reply.usage.searches == 0
    assert flow.notes[0].text == f"a search failed: {error.code}: {error.detail}"
    result = inside.asked[1].turns[-1].parts[0]
    assert isinstance(result, ToolResultPart)
    assert result.is_error


async def test_a_call_without_a_query_is_not_run() -> None:
    inside, engine = Inside(round_of("", ("web_search", "{}")), round_of("x")), Engine()
    reply = await reply_of(await run(flow_with(WebSearch()), inside, engine))
    assert reply.parts[1] == SearchResultPart("id-1", fault="bad-input")
    assert engine.asked == []


async def test_unwanted_domains_are_left_out_and_that_is_noted() -> None:
    inside = Inside(round_of("", searching()), round_of("x"))
    flow = await run(flow_with(WebSearch(blocked_domains=("a.test",))), inside)
    (result,) = [p for p in (await reply_of(flow)).parts if isinstance(p, SearchResultPart)]
    assert [(page.number, page.url) for page in result.pages] == [(1, "https://b.test/")]
    assert flow.notes[0].text.startswith("1 of 2 pages are of unwanted domains")


async def test_a_choice_that_forces_a_tool_holds_for_the_first_round_only() -> None:
    inside = Inside(round_of("", searching()), round_of("x"))
    flow = flow_with(WebSearch(), tool_choice=ToolChoice("any", parallel=False))
    await reply_of(await run(flow, inside))
    assert [each.tool_choice.mode for each in inside.asked] == ["any", "auto"]
    assert not inside.asked[1].tool_choice.parallel


async def test_a_first_round_that_fails_is_an_ordinary_failure() -> None:
    inside, flow = Inside(RateLimited("slow")), flow_with(WebSearch())
    asked = flow.conversation
    with pytest.raises(RateLimited):
        await run(flow, inside)
    assert flow.conversation is asked
    assert len(inside.left) == 1


@pytest.mark.parametrize("broken", [UpstreamUnavailable("down"), round_of("b")[:3]])
async def test_a_later_round_that_fails_breaks_the_reply(broken: Any) -> None:
    inside = Inside(round_of("a", searching()), broken)
    flow = await run(flow_with(WebSearch()), inside)
    with pytest.raises(GatewayError):
        await reply_of(flow)
    assert [type(error) for error in inside.left] == [
        type(None),
        UpstreamUnavailable if isinstance(broken, GatewayError) else UpstreamDisconnected,
    ]


async def test_a_tool_of_the_same_name_is_refused() -> None:
    tool = Tool("web_search", "", msgspec.Raw(b"{}"))
    with pytest.raises(InvalidRequest, match="another tool"):
        await run(flow_with(WebSearch(), tools=(tool,)), Inside())


async def test_no_search_takes_the_last_calls_of_a_request() -> None:
    inside, engine = Inside(round_of("", searching()), round_of("as far as I know")), Engine()
    flow = flow_with(WebSearch())
    flow.calls, flow.max_calls = 1, 3
    reply = await reply_of(await run(flow, inside, engine))
    assert engine.asked == []
    assert any(getattr(part, "fault", "") == "too-many-searches" for part in reply.parts)
    assert flow.notes[-1].text == "no search: the calls to Kiro that are left are too few"


async def test_a_search_is_counted_as_a_call_of_its_request() -> None:
    inside = Inside(round_of("", searching()), round_of("found"))
    flow = flow_with(WebSearch())
    flow.calls, flow.max_calls = 1, 4
    await reply_of(await run(flow, inside))
    assert flow.calls == 2


class Endless:
    """Searches for ever."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = False

    async def search(
        self, query: str, *, account: str, model: str, calling: Callable[[], None]
    ) -> tuple[WebPage, ...]:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        raise AssertionError


async def test_a_client_that_leaves_ends_the_search() -> None:
    inside, engine = Inside(round_of("", searching())), Endless()
    flow = await run(flow_with(WebSearch()), inside, cast("Engine", engine))
    reading = asyncio.get_running_loop().create_task(reply_of(flow))
    await engine.begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert engine.cancelled
    assert len(inside.asked) == 1
