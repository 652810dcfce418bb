"""Answers a conversation that was asked before from memory.

In config.toml:

    [[pipeline]]
    stage = "./cache_reply.py"
    before = "route"             # inside whatever changes the conversation after "normalize"
    replies = 100
"""

from collections import OrderedDict
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import ClassVar

import msgspec

from ki2api.events import PartStarted, ReplyEnded, ReplyEvent
from ki2api.flow import GatewayFlow
from pipeline import Batch, Next, Stage, StageConfig


class CacheReplyConfig(StageConfig, frozen=True):
    """How much is remembered."""

    replies: int = 100
    """Beyond it, the reply that nobody has asked for the longest is forgotten."""


class CacheReply(Stage[GatewayFlow, CacheReplyConfig]):
    """Remembers whole replies in words; one that broke off or calls a tool is asked for anew."""

    name = "cache-reply"
    requires: ClassVar[frozenset[str]] = frozenset({"conversation"})
    awaits: ClassVar[frozenset[str]] = frozenset({"events"})
    answers: ClassVar[frozenset[str]] = frozenset({"events"})

    def __init__(self, config: CacheReplyConfig) -> None:
        super().__init__(config)
        self._replies: OrderedDict[bytes, Batch[ReplyEvent]] = OrderedDict()

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Answer from memory, or call on and remember what comes."""
        key = sha256(msgspec.json.encode(flow.conversation)).digest()  # keeps no prompt in memory
        if key in self._replies:
            self._replies.move_to_end(key)
            flow.events = _replayed(self._replies[key])
            return
        await call_next(flow)
        heard: list[ReplyEvent] = []

        def listen(batch: Batch[ReplyEvent]) -> Batch[ReplyEvent]:
            heard.extend(batch)
            if any(event == ReplyEnded("end") for event in batch) and _has_words(heard):
                self._remember(key, tuple(heard))
            return batch

        flow.through(listen)

    def _remember(self, key: bytes, reply: Batch[ReplyEvent]) -> None:
        self._replies[key] = reply
        while len(self._replies) > self.config.replies:
            self._replies.popitem(last=False)


def _has_words(events: list[ReplyEvent]) -> bool:
    return any(isinstance(event, PartStarted) and event.kind == "text" for event in events)


async def _replayed(reply: Batch[ReplyEvent]) -> AsyncIterator[Batch[ReplyEvent]]:
    yield reply
