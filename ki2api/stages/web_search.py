"""Lets the model search the web through Kiro, in as many rounds as it needs within one reply."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Annotated, ClassVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from ki2api.accounts.searches import Searches
from ki2api.conversation import Conversation, ToolCallPart, ToolChoice, Turn, WebPage, WebSearch
from ki2api.errors import GatewayError, NoAccountLeft, QuotaSpent, RateLimited
from ki2api.events import (
    EndReason,
    Reply,
    ReplyEvent,
    SearchCallPart,
    SearchFault,
    SearchResultPart,
)
from ki2api.flow import GatewayFlow
from ki2api.websearch.domains import is_wanted
from ki2api.websearch.offer import BadQuery, offered, pages_in, query_in
from ki2api.websearch.rounds import Rounds
from ki2api.websearch.told import as_tool_result
from pipeline import Batch, Next, Stage, StageConfig, close
from pipeline.held import Held

_EXTRA_ROUNDS = 2
"""Rounds beyond those that may search, in which the model has been told that it may not."""
_TO_SEARCH = 3
"""Calls to Kiro that a search may take, with the one that puts what was found to the model."""


class WebSearchConfig(StageConfig, frozen=True):
    """How far a model may go."""

    max_searches: Annotated[int, Meta(ge=1)] = 10
    """In one reply; a caller may ask for fewer."""


class _Round(Struct):
    """One run of everything inside: its events, what it holds open, and who served it."""

    conversation: Conversation
    events: AsyncIterator[Batch[ReplyEvent]]
    held: Held
    account: str


class WebSearchStage(Stage[GatewayFlow, WebSearchConfig]):
    """Offers the search where the caller allows it, runs it, and calls on with what it found."""

    name = "web-search"
    requires: ClassVar[frozenset[str]] = frozenset({"conversation", "target"})
    awaits: ClassVar[frozenset[str]] = frozenset({"events"})
    answers: ClassVar[frozenset[str]] = frozenset({"events"})
    repeats: ClassVar[bool] = True

    def __init__(self, config: WebSearchConfig, searches: Searches) -> None:
        super().__init__(config)
        self._searches = searches

    def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> Awaitable[None]:
        """Fill `flow.events` with the events of all rounds."""
        search = flow.conversation.web_search
        if search is None:
            return call_next(flow)
        if flow.conversation.tool_choice.mode == "none":
            flow.note(self.name, "not offered: the caller wants no tool called")
            flow.conversation = replace(flow.conversation, web_search=None)
            return call_next(flow)
        return self._search(flow, call_next, search)

    async def _search(
        self, flow: GatewayFlow, call_next: Next[GatewayFlow], search: WebSearch
    ) -> None:
        first = await _asked(flow, call_next, offered(flow.conversation, search))
        most = min(search.max_uses or self.config.max_searches, self.config.max_searches)
        desk = _Desk(flow, search, self._searches, most)
        flow.events = self._rounds(flow, call_next, desk, first)

    async def _rounds(
        self, flow: GatewayFlow, call_next: Next[GatewayFlow], desk: "_Desk", now: _Round
    ) -> AsyncIterator[Batch[ReplyEvent]]:
        reply = Rounds(desk.name, pages_in(now.conversation))
        more = desk.left + _EXTRA_ROUNDS
        while True:
            more -= 1
            async with now.held:
                try:
                    async for batch in now.events:
                        if shown := reply.take(batch):
                            yield shown
                except GeneratorExit:
                    # Who wants no more has not failed: what is held is left as after a whole round.
                    await close(now.events)
                    await now.held.aclose()
                    raise
                finally:
                    await close(now.events)
            said = reply.finish_round()
            found: list[SearchResultPart] = []
            for call in desk.calls(said):
                yield reply.call(call)
                found.append(await desk.run(call, now.account, reply.next_number))
                yield reply.result(found[-1])
            if reason := _end(said, found, is_last=not more):
                yield reply.end(reason, said.stop_sequence)
                return
            now = await _asked(flow, call_next, _continued(now.conversation, said, found))


class _Desk:
    """Where the searches of one reply are run; `left` is how many more may be."""

    def __init__(self, flow: GatewayFlow, search: WebSearch, searches: Searches, left: int) -> None:
        self._flow = flow
        self._search = search
        self._searches = searches
        self.name = search.name
        self.left = left

    def calls(self, said: Reply) -> Iterator[ToolCallPart]:
        """Find the searches that a round wants; one that was cut short wants none."""
        for part in said.parts if said.reason == "tool-calls" else ():
            if isinstance(part, ToolCallPart) and part.name == self.name:
                yield part

    async def run(self, call: ToolCallPart, account: str, number: int) -> SearchResultPart:
        """Run one; its pages are numbered from `number` on."""
        flow = self._flow
        if flow.calls + _TO_SEARCH > flow.max_calls:
            flow.note(WebSearchStage.name, "no search: the calls to Kiro that are left are too few")
            self.left = 0
        if self.left <= 0:
            return SearchResultPart(call.id, fault="too-many-searches")
        try:
            pages = await self._searches.search(
                query_in(call.input),
                account=account,
                model=flow.target.model.id,
                calling=flow.spend_call,
            )
        except BadQuery as bad:
            return SearchResultPart(call.id, fault=bad.fault)
        except GatewayError as error:
            flow.note(WebSearchStage.name, f"a search failed: {error.code}: {error.detail}")
            return SearchResultPart(call.id, fault=_fault(error))
        self.left -= 1
        return SearchResultPart(call.id, self._wanted(pages, number))

    def _wanted(self, pages: tuple[WebPage, ...], number: int) -> tuple[WebPage, ...]:
        wanted = [page for page in pages if is_wanted(page.url, self._search)]
        if len(wanted) < len(pages):
            said = f"{len(pages) - len(wanted)} of {len(pages)} pages are of unwanted domains"
            self._flow.note(WebSearchStage.name, f"{said}: Kiro's search cannot be told of them")
        return tuple(replace(page, number=number + n) for n, page in enumerate(wanted))


async def _asked(
    flow: GatewayFlow, call_next: Next[GatewayFlow], conversation: Conversation
) -> _Round:
    """Call on with this conversation; others see the caller's own before and after."""
    own, flow.conversation = flow.conversation, conversation
    try:
        async with flow.scope() as held:
            await call_next(flow)
    finally:
        flow.conversation = own
    account = flow.account.name if flow.has("account") else ""
    return _Round(conversation, flow.events, held, account)


def _continued(
    conversation: Conversation, said: Reply, found: list[SearchResultPart]
) -> Conversation:
    """Let the conversation go on with a round and what its searches found."""
    parts = tuple(
        part for part in said.parts if not isinstance(part, SearchCallPart | SearchResultPart)
    )
    turns = (Turn("assistant", parts), Turn("user", tuple(map(as_tool_result, found))))
    choice = conversation.tool_choice
    if choice.mode in {"any", "named"}:  # it was for the first round, and would never end
        choice = ToolChoice(parallel=choice.parallel)
    return replace(conversation, turns=(*conversation.turns, *turns), tool_choice=choice)


def _end(said: Reply, found: list[SearchResultPart], *, is_last: bool) -> EndReason | None:
    """Say why the reply ends with this round, if it does: a client runs its own tools."""
    calls = sum(isinstance(part, ToolCallPart) for part in said.parts)
    if not found or calls > len(found):
        return said.reason
    return "end" if is_last else None


def _fault(error: GatewayError) -> SearchFault:
    is_pause = isinstance(error, RateLimited | QuotaSpent | NoAccountLeft)
    return "too-many-requests" if is_pause else "unavailable"
