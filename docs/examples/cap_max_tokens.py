"""Caps the length of answers, also for clients that ask for more or name no limit.

In config.toml:

    [[pipeline]]
    stage = "./cap_max_tokens.py"
    after = "normalize"
    limit = 4096

The stage `emulate` keeps the lower limit as it would keep the client's own. So that this one works
in a chain without it, too, it ends by itself what grows too long.
"""

from collections.abc import AsyncIterator
from typing import ClassVar

from msgspec.structs import replace

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
from ki2api.flow import GatewayFlow
from pipeline import Batch, Next, Stage, StageConfig, close

BYTES_A_TOKEN = 4
"""Roughly, in most languages; Kiro tells the true number only at the end."""

ENDED = ReplyEnded("max-tokens")


class CapMaxTokensConfig(StageConfig, frozen=True):
    """How long an answer may be."""

    limit: int = 4096
    """Tokens of words and thoughts; tool calls are let through whole, since half of one is none."""


class CapMaxTokens(Stage[GatewayFlow, CapMaxTokensConfig]):
    """Lowers what is asked for, and holds the answer to it."""

    name = "cap-max-tokens"
    requires: ClassVar[frozenset[str]] = frozenset({"conversation"})
    awaits: ClassVar[frozenset[str]] = frozenset({"events"})

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Set the lower of both limits, and cut what is beyond it."""
        sampling = flow.conversation.sampling
        limit = min(sampling.max_tokens or self.config.limit, self.config.limit)
        sampling = replace(sampling, max_tokens=limit)
        flow.conversation = replace(flow.conversation, sampling=sampling)
        await call_next(flow)
        flow.events = _cut(flow.events, limit)


async def _cut(
    events: AsyncIterator[Batch[ReplyEvent]], limit: int
) -> AsyncIterator[Batch[ReplyEvent]]:
    kind, asked, room = "text", 0, limit * BYTES_A_TOKEN
    try:
        async for batch in events:
            for place, event in enumerate(batch):
                if isinstance(event, ReplyStarted):
                    asked = event.estimated_input
                elif isinstance(event, PartStarted):
                    kind = event.kind
                elif isinstance(event, PartDelta) and kind != "tool-call":
                    room -= len(event.text.encode())
                    if room < 0:
                        usage = Usage(asked, limit, "estimate")
                        yield (*batch[:place], *_ending(event, room), UsageReported(usage), ENDED)
                        return
            yield batch
    finally:
        await close(events)


def _ending(delta: PartDelta, over: int) -> Batch[ReplyEvent]:
    text = delta.text.encode()[:over].decode(errors="ignore")
    return PartDelta(delta.index, text), PartEnded(delta.index)
