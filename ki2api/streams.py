"""Replies on their way through edits and checks, in batches."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeAlias

from ki2api.conversation import TextPart, ThinkingPart
from ki2api.emulation.edits import Edits
from ki2api.errors import InvalidReply
from ki2api.events import (
    PartDelta,
    PartEnded,
    PartStarted,
    Reply,
    ReplyEnded,
    ReplyEvent,
    ReplyPart,
    ReplyStarted,
    SearchCallPart,
    SearchResultPart,
    UsageReported,
    fold,
)
from pipeline import Batch, close

Events: TypeAlias = AsyncIterator[Batch[ReplyEvent]]


async def edited(events: Events, edits: Edits) -> Events:
    """Pass a reply through edits, and close its source where they end it early."""
    try:
        async for batch in events:
            if out := edits.feed(batch):
                yield out
            if edits.length.ended:
                return
    finally:
        await close(events)


async def checked(events: Events, found_faulty: Callable[[Reply], str | None]) -> Events:
    """Pass a reply on, or break it off before its end; raises InvalidReply if it is faulty."""
    seen: list[ReplyEvent] = []
    try:
        async for batch in events:
            seen += batch
            if isinstance(batch[-1], ReplyEnded) and (fault := found_faulty(fold(seen))):
                if rest := batch[:-1]:
                    yield rest
                raise InvalidReply(fault)
            yield batch
    finally:
        await close(events)


async def gathered(events: Events) -> Reply:
    """Read a reply to its end."""
    try:
        return fold([event async for batch in events for event in batch])
    finally:
        await close(events)


async def until_call(events: Events, names: frozenset[str]) -> tuple[list[Batch[ReplyEvent]], bool]:
    """Read until one of these tools is called, or to the end; return what was read, and which."""
    read: list[Batch[ReplyEvent]] = []
    async for batch in events:
        read.append(batch)
        if any(isinstance(event, PartStarted) and event.name in names for event in batch):
            return read, True
    return read, False


async def resumed(read: Sequence[Batch[ReplyEvent]], events: Events) -> Events:
    """Give what was read before, and then the rest."""
    try:
        for batch in read:
            yield batch
        async for batch in events:
            yield batch
    finally:
        await close(events)


async def replayed(reply: Reply) -> Events:
    """Give a whole reply as events."""
    batch: list[ReplyEvent] = [ReplyStarted(reply.usage.whole_input)]
    for index, part in enumerate(reply.parts):
        batch += _part(index, part)
    yield (*batch, UsageReported(reply.usage), ReplyEnded(reply.reason, reply.stop_sequence))


def _part(index: int, part: ReplyPart) -> list[ReplyEvent]:
    started, text, ended = PartStarted(index, "text"), "", PartEnded(index)
    match part:
        case TextPart(text=text, citations=citations):
            ended = PartEnded(index, citations=citations)
        case ThinkingPart(text=text, signature=signature, redacted=redacted):
            started = PartStarted(index, "thinking", redacted=redacted)
            ended = PartEnded(index, signature)
        case SearchResultPart(call_id=call_id):
            started = PartStarted(index, "search-result", call_id, result=part)
        case SearchCallPart(id=call_id, name=name, input=text):
            started = PartStarted(index, "search-call", call_id, name)
        case _:
            started, text = PartStarted(index, "tool-call", part.id, part.name), part.input
    return [started, *([PartDelta(index, text)] if text else []), ended]
