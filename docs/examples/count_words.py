"""Counts the words of every answer and notes their number in the flow.

In config.toml:

    [[pipeline]]
    stage = "./count_words.py"
    before = "retry"

Notes stand in the log at the level "debug", and `log_to_file.py` writes them down.
"""

from typing import ClassVar

from ki2api.conversation import TextPart
from ki2api.events import ReplyEnded, ReplyEvent, fold
from ki2api.flow import GatewayFlow
from pipeline import Batch, Next, Stage, StageConfig


class CountWords(Stage[GatewayFlow, StageConfig]):
    """Listens to the events; a word may come in several of them, so it counts at the end."""

    name = "count-words"
    awaits: ClassVar[frozenset[str]] = frozenset({"events"})

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Note the words of an answer that was heard to its end."""
        await call_next(flow)
        heard: list[ReplyEvent] = []

        def listen(batch: Batch[ReplyEvent]) -> Batch[ReplyEvent]:
            heard.extend(batch)
            if any(isinstance(event, ReplyEnded) for event in batch):
                parts = fold(heard).parts
                words = sum(len(part.text.split()) for part in parts if isinstance(part, TextPart))
                flow.note(self.name, f"{words} words")
            return batch

        flow.through(listen)
