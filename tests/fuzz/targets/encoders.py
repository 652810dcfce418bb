"""The writers of each dialect's stream: whatever a model says, it is read back as it was said.

An input is a list of parts of a reply, told as JSON; the readers are those of the properties.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from ki2api.conversation import WebPage
from ki2api.errors import UpstreamDisconnected
from ki2api.events import (
    EndReason,
    PartDelta,
    PartEnded,
    PartStarted,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    SearchResultPart,
    Usage,
    UsageReported,
    fold,
)
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.anthropic.encode import STOP_REASONS
from ki2api.protocols.openai_chat import OPENAI_CHAT
from ki2api.protocols.openai_responses import OPENAI_RESPONSES
from tests.fuzz.mutation import mutate_json
from tests.fuzz.streams import failed
from tests.properties import test_encoders as readers

WORDS = (
    "ki2api/protocols/anthropic/encode.py",
    "ki2api/events.py",
    "tests/fuzz/targets/encoders.py",
)
DIALECTS = {
    "anthropic": ANTHROPIC,
    "openai-chat": OPENAI_CHAT,
    "openai-responses": OPENAI_RESPONSES,
}
REASONS: list[EndReason] = list(STOP_REASONS)
MOST = 2**40
mutate = mutate_json


def check(data: bytes) -> None:
    """Write a reply in each dialect, whole and broken off, and read it."""
    try:
        told = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    events = list(reply_of(told if isinstance(told, list) else []))
    reply = fold(events)
    streams = {name: readers.write(dialect, [events]) for name, dialect in DIALECTS.items()}
    for name, dialect in DIALECTS.items():
        assert readers.write(dialect, [[event] for event in events]) == streams[name]
    found = readers.AnthropicReader().read(streams["anthropic"])
    assert found == msgspec.structs.replace(readers.as_cited(reply), usage=found.usage)
    assert found.usage == msgspec.structs.replace(reply.usage, source="estimate")
    assert readers.openai_message(streams["openai-chat"]) == readers.in_openais_terms(reply)
    response = readers.ResponsesReader().read(streams["openai-responses"])
    assert readers.said_in(response) == readers.in_responses_terms(reply)
    for name, dialect in DIALECTS.items():
        encoder = readers.encoder_of(dialect)
        begun = encoder.feed(events[: len(events) // 2])
        failed(name, begun + encoder.fail(UpstreamDisconnected(str(told)[:100])))


def reply_of(told: list[Any]) -> Iterator[ReplyEvent]:
    """Make the events of a reply."""
    yield ReplyStarted(len(told))
    index, reason = 0, REASONS[0]
    for each in told:
        if not isinstance(each, dict):
            reason = next((known for known in REASONS if known == each), reason)
            continue
        for events in parts_of(each, index):
            yield from events
            index += 1
        yield UsageReported(usage_of(each))
    yield ended(reason, told)


def ended(reason: EndReason, told: list[Any]) -> ReplyEnded:
    """End a reply; one that ends by a stop string names it."""
    return ReplyEnded(reason, str(told)[:9] if reason == "stop-sequence" else None)


def parts_of(told: dict[str, Any], index: int) -> Iterator[list[ReplyEvent]]:
    """Make the events of one part; a search has its result behind it."""
    said = [each for each in listed(told, "say") if isinstance(each, str) and each]
    deltas = [PartDelta(index, each) for each in said]
    match told.get("kind"):
        case "thinking":
            yield [
                PartStarted(index, "thinking"),
                *deltas,
                PartEnded(index, text(told, "signature")),
            ]
        case "redacted":
            yield [PartStarted(index, "thinking", redacted="".join(said) or "r"), PartEnded(index)]
        case "tool-call":
            yield call_of(told, index, "space__free" if told.get("custom") else "get_weather")
        case "search-call":
            opening = PartStarted(index, "search-call", f"tooluse_{index}", "web_search")
            yield [opening, PartDelta(index, '{"query":"a"}'), PartEnded(index)]
            result = SearchResultPart(f"tooluse_{index}", tuple(pages_of(told)))
            yield [
                PartStarted(index + 1, "search-result", result.call_id, result=result),
                PartEnded(index + 1),
            ]
        case _:
            yield [PartStarted(index, "text"), *deltas, PartEnded(index, "", tuple(pages_of(told)))]


def call_of(told: dict[str, Any], index: int, name: str) -> list[ReplyEvent]:
    """Make a call whose arguments come in pieces, or not at all."""
    opening = PartStarted(index, "tool-call", f"call_{index}", name)
    given = told.get("input")
    if not isinstance(given, dict):
        return [opening, PartEnded(index)]
    whole = msgspec.json.encode(given).decode()
    size = number(told, "size") % len(whole) + 1
    pieces = (whole[at : at + size] for at in range(0, len(whole), size))
    return [opening, *(PartDelta(index, piece) for piece in pieces), PartEnded(index)]


def pages_of(told: dict[str, Any]) -> Iterator[WebPage]:
    """Make pages of the web."""
    for at, title in enumerate(listed(told, "pages"), start=1):
        if isinstance(title, str) and title:
            yield WebPage(at, "https://a.test/", title, text(told, "snippet"))


def usage_of(told: dict[str, Any]) -> Usage:
    """Make what a reply costs."""
    counts = [number({"n": each}, "n") for each in listed(told, "usage")] + [0, 0]
    read, wrote, thinking, *_ = (n or None for n in [*counts[2:], 0, 0, 0])
    return Usage(counts[0], counts[1], "estimate", read, wrote, thinking=thinking)


def listed(told: dict[str, Any], field: str) -> list[Any]:
    """Return a list of the input, empty where there is none."""
    value = told.get(field)
    return value if isinstance(value, list) else []


def text(told: dict[str, Any], field: str) -> str:
    """Return a text of the input, empty where there is none."""
    value = told.get(field)
    return value if isinstance(value, str) else ""


def number(told: dict[str, Any], field: str) -> int:
    """Return a whole number of the input that a count can be."""
    value = told.get(field)
    return abs(value) % MOST if isinstance(value, int) else 0
