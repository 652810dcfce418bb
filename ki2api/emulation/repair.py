"""Asking once more: the reply that did not fit, and what is wrong with it, as further turns."""

from collections.abc import Sequence
from functools import reduce

from msgspec.structs import replace

from ki2api.conversation import (
    Conversation,
    Part,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.events import Reply, ReplyEvent, Usage, UsageReported


def asked_again(conversation: Conversation, reply: Reply, fault: str) -> Conversation:
    """Make the conversation that asks for a mended reply; calls in the unfit one failed."""
    said = tuple(
        part
        for part in reply.parts
        if isinstance(part, ToolCallPart) or (isinstance(part, TextPart) and part.text)
    )
    told = (TextPart(f"(That reply cannot be used. {fault} Reply once more, in full.)"),)
    results: tuple[Part, ...] = tuple(
        ToolResultPart(part.id, told, is_error=True)
        for part in said
        if isinstance(part, ToolCallPart)
    )
    turns = (Turn("assistant", said), Turn("user", results or told))
    return replace(conversation, turns=(*conversation.turns, *(turns if said else turns[1:])))


def costing_more(spent: Sequence[Usage], batch: Sequence[ReplyEvent]) -> tuple[ReplyEvent, ...]:
    """Add to what a reply cost what the unfit ones before it did."""
    return tuple(
        UsageReported(reduce(_together, (*spent, event.usage)))
        if isinstance(event, UsageReported)
        else event
        for event in batch
    )


def _together(first: Usage, second: Usage) -> Usage:
    """Add up what two replies cost; how full the context is, the later one says."""
    sources = {first.source, second.source}
    return Usage(
        first.input + second.input,
        first.output + second.output,
        next(source for source in ("estimate", "derived", "upstream") if source in sources),
        _sum(first.cache_read, second.cache_read),
        _sum(first.cache_write, second.cache_write),
        None
        if first.credits is None and second.credits is None
        else (first.credits or 0.0) + (second.credits or 0.0),
        second.context_percent,
        first.searches + second.searches,
        _sum(first.thinking, second.thinking),
    )


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None and second is None else (first or 0) + (second or 0)
