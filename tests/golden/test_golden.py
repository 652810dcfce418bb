"""The streams of every dialect, word for word; KI2API_RECORD=1 records them anew."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from ki2api.conversation import Conversation, WebPage
from ki2api.errors import UpstreamDisconnected
from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    SearchResultPart,
    Usage,
    UsageReported,
)
from ki2api.protocols import ClientProtocol, Delivery
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_responses import OPENAI_RESPONSES

HERE = Path(__file__).parent
DIALECTS = [ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES]
RECORD = "KI2API_RECORD" in os.environ

TEXT: list[ReplyEvent] = [
    PartStarted(0, "text"),
    PartDelta(0, 'Hello, "wörld"'),
    PartDelta(0, "\n\ndata: 👋"),
    PartEnded(0),
]
THINKING: list[ReplyEvent] = [
    PartStarted(0, "thinking"),
    PartDelta(0, "Let me "),
    PartDelta(0, "see."),
    PartEnded(0, "c2lnbmVk"),
    PartStarted(1, "thinking", redacted="b3BhcXVl"),
    PartEnded(1),
    PartStarted(2, "text"),
    PartDelta(2, "42"),
    PartEnded(2),
]
ONE_TOOL: list[ReplyEvent] = [
    PartStarted(0, "text"),
    PartDelta(0, "I look."),
    PartEnded(0),
    PartStarted(1, "tool-call", "call_1", "read_file"),
    PartDelta(1, '{"path": "a.'),
    PartDelta(1, 'txt"}'),
    PartEnded(1),
]
TWO_TOOLS: list[ReplyEvent] = [
    PartStarted(0, "tool-call", "call_1", "list_files"),
    PartEnded(0),
    PartStarted(1, "tool-call", "call_2", "read_file"),
    PartDelta(1, '{"path":"b.txt"}'),
    PartEnded(1),
]
PAGES = (
    WebPage(1, "https://a.test/", "A", "Words of A.", 1_746_057_600.0),
    WebPage(2, "https://b.test/x", "B"),
)
SEARCH: list[ReplyEvent] = [
    PartStarted(0, "text"),
    PartDelta(0, "I look."),
    PartEnded(0),
    PartStarted(1, "search-call", "tooluse_1", "web_search"),
    PartDelta(1, '{"query": "a'),
    PartDelta(1, ' and b"}'),
    PartEnded(1),
    PartStarted(2, "search-result", "tooluse_1", result=SearchResultPart("tooluse_1", PAGES)),
    PartEnded(2),
    PartStarted(3, "text"),
    PartDelta(3, "Both are"),
    PartEnded(3, citations=PAGES),
    PartStarted(4, "text"),
    PartDelta(4, "."),
    PartEnded(4),
]
FAILED_SEARCH: list[ReplyEvent] = [
    PartStarted(0, "search-call", "tooluse_1", "web_search"),
    PartDelta(0, '{"query":"a"}'),
    PartEnded(0),
    PartStarted(
        1, "search-result", result=SearchResultPart("tooluse_1", fault="too-many-requests")
    ),
    PartEnded(1),
    PartStarted(2, "text"),
    PartDelta(2, "I cannot search now."),
    PartEnded(2),
]
COST = UsageReported(Usage(120, 17, "upstream", cache_read=80, credits=0.25))


def reply(parts: Sequence[ReplyEvent], end: ReplyEnded) -> list[ReplyEvent]:
    return [ReplyStarted(123), *parts, COST, end]


CASES: dict[str, list[ReplyEvent]] = {
    "text": reply(TEXT, ReplyEnded("end")),
    "thinking": [
        ReplyStarted(123),
        *THINKING,
        UsageReported(Usage(120, 17, "upstream", cache_read=80, credits=0.25, thinking=3)),
        ReplyEnded("stop-sequence", "STOP"),
    ],
    "one-tool": reply(ONE_TOOL, ReplyEnded("tool-calls")),
    "two-tools": reply(TWO_TOOLS, ReplyEnded("tool-calls")),
    "search": [
        ReplyStarted(123),
        *SEARCH,
        UsageReported(Usage(240, 34, "upstream", searches=1)),
        ReplyEnded("end"),
    ],
    "failed-search": reply(FAILED_SEARCH, ReplyEnded("end")),
    "error-midway": [ReplyStarted(123), *TEXT[:2]],
}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("case", CASES)
def test_the_stream_is_the_recorded_one(dialect: ClientProtocol, case: str) -> None:
    delivery = Delivery(
        "0123456789ab", "claude-sonnet-4.5", 1_790_000_000, stream=True, include_usage=True
    )
    encoder = dialect.encoder(Conversation("claude-sonnet-4.5", ()), delivery)
    written = b"".join(encoder.feed((event,)) for event in CASES[case])
    if case == "error-midway":
        written += encoder.fail(UpstreamDisconnected("Kiro closed the stream before its end"))
    recording = HERE / f"{dialect.name}-{case}.sse"
    if RECORD:
        recording.write_bytes(written)
    assert written == recording.read_bytes()
