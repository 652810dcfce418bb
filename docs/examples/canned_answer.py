"""Answers some questions by itself, without asking Kiro or using an account.

In config.toml:

    [[pipeline]]
    stage = "./canned_answer.py"
    after = "normalize"
    answers = { ping = "pong", "Are you there?" = "Yes." }
"""

from collections.abc import AsyncIterator
from typing import ClassVar

from ki2api.conversation import TextPart
from ki2api.events import PartDelta, PartEnded, PartStarted, ReplyEnded, ReplyEvent, ReplyStarted
from ki2api.flow import GatewayFlow
from pipeline import Batch, Next, Stage, StageConfig


class CannedAnswerConfig(StageConfig, frozen=True):
    """What is answered to what."""

    answers: dict[str, str]


class CannedAnswer(Stage[GatewayFlow, CannedAnswerConfig]):
    """Fills `flow.events` and does not call on; everything outside it goes on as ever."""

    name = "canned-answer"
    requires: ClassVar[frozenset[str]] = frozenset({"conversation"})
    answers: ClassVar[frozenset[str]] = frozenset({"events"})

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Answer if the last thing said is a known question."""
        match flow.conversation.turns[-1].parts:
            case [TextPart(text=text)] if text.strip() in self.config.answers:
                flow.events = _said(self.config.answers[text.strip()])
            case _:
                await call_next(flow)


async def _said(text: str) -> AsyncIterator[Batch[ReplyEvent]]:
    part = (PartStarted(0, "text"), PartDelta(0, text), PartEnded(0))
    yield (ReplyStarted(), *part, ReplyEnded("end"))
