"""The streams of every dialect, word for word; KI2API_RECORD=1 records them anew."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from ki2api.conversation import Conversation
from ki2api.errors import UpstreamDisconnected
from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    Usage,
    UsageReported,
)
from ki2api.protocols import ClientProtocol, Delivery
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT

HERE = Path(__file__).parent
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
COST = UsageReported(Usage(120, 17, "upstream", cache_read=80, credits=0.25))


def reply(parts: Sequence[ReplyEvent], end: ReplyEnded) -> list[ReplyEvent]:
    return [ReplyStarted(123), *parts, COST, end]


CASES: dict[str, list[ReplyEvent]] = {
    "text": reply(TEXT, ReplyEnded("end")),
    "thinking": reply(THINKING, ReplyEnded("stop-sequence", "STOP")),
    "one-tool": reply(ONE_TOOL, ReplyEnded("tool-calls")),
    "two-tools": reply(TWO_TOOLS, ReplyEnded("tool-calls")),
    "error-midway": [ReplyStarted(123), *TEXT[:2]],
}


@pytest.mark.parametrize("dialect", [ANTHROPIC, OPENAI_CHAT], ids=lambda dialect: dialect.name)
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
