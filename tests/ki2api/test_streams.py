"""Replies on their way."""

import pytest

from ki2api.conversation import TextPart, ThinkingPart, ToolCallPart, WebPage
from ki2api.events import Reply, SearchCallPart, SearchResultPart, Usage, fold
from ki2api.streams import replayed

PAGE = WebPage(1, "https://example.com/", "Example")
pytestmark = pytest.mark.anyio


async def test_a_whole_reply_becomes_the_events_that_fold_to_it() -> None:
    parts = (
        ThinkingPart("Hm", "proof"),
        ThinkingPart(redacted="xyz"),
        TextPart(""),
        TextPart("Hello"),
        TextPart("Found", citations=(PAGE,)),
        SearchCallPart("0", "web_search", '{"query":"x"}'),
        SearchResultPart("0", (PAGE,)),
        ToolCallPart("1", "f", '{"a":1}'),
    )
    reply = Reply(parts, "stop-sequence", Usage(3, 4, "upstream"), "x")
    events = [event async for batch in replayed(reply) for event in batch]
    assert fold(events) == reply
