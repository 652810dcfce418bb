"""Replies as events, and what edits make of them."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ki2api.emulation.edits import Edit, Edits
from ki2api.emulation.length import Length
from ki2api.events import (
    Grammar,
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    Usage,
    UsageReported,
    fold,
)

USAGE = Usage(7, 5, "upstream")


def text(index: int, *pieces: str) -> list[ReplyEvent]:
    deltas = [PartDelta(index, piece) for piece in pieces]
    return [PartStarted(index, "text"), *deltas, PartEnded(index)]


def thoughts(index: int, *pieces: str) -> list[ReplyEvent]:
    deltas = [PartDelta(index, piece) for piece in pieces]
    return [PartStarted(index, "thinking"), *deltas, PartEnded(index, "proof")]


def call(index: int, name: str, *pieces: str) -> list[ReplyEvent]:
    deltas = [PartDelta(index, piece) for piece in pieces]
    return [PartStarted(index, "tool-call", f"id-{index}", name), *deltas, PartEnded(index)]


def reply(*parts: list[ReplyEvent], reason: Any = "end") -> list[ReplyEvent]:
    inside = [event for part in parts for event in part]
    return [ReplyStarted(9), *inside, UsageReported(USAGE), ReplyEnded(reason)]


def passed(events: Sequence[ReplyEvent], *edits: Edit, length: Length) -> list[ReplyEvent]:
    """Send events through edits one by one, and prove that the grammar holds."""
    row, grammar, out = Edits(edits, length), Grammar(), []
    for event in events:
        for each in row.feed((event,)):
            grammar.check(each)
            out.append(each)
        if length.ended:
            break
    assert isinstance(out[-1], ReplyEnded)
    return out


@pytest.fixture
def folded() -> Callable[..., Reply]:
    """Sends a reply through edits and folds what comes out."""

    def folded(events: Sequence[ReplyEvent], *edits: Edit, length: Length | None = None) -> Reply:
        return fold(passed(events, *edits, length=length or Length()))

    return folded


@pytest.fixture
def say() -> Any:
    """Makes parts and replies."""

    class Say:
        text = staticmethod(text)
        thoughts = staticmethod(thoughts)
        call = staticmethod(call)
        reply = staticmethod(reply)
        usage = USAGE

    return Say
