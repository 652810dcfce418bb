"""Takes words out of what is sent to Kiro and out of what comes back.

In config.toml:

    [[pipeline]]
    stage = "./redact_words.py"
    after = "normalize"
    words = ["Project Falcon", "hunter2"]
    mask = "[redacted]"

The arguments of tools are searched as the JSON text that they are; pictures, documents that are no
text, and the declarations of tools go as they are.
"""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from ki2api.events import PartDelta, PartEnded, ReplyEvent
from ki2api.flow import GatewayFlow
from pipeline import Batch, Next, Stage, StageConfig

READ = {"system", "turns", "parts", "content", "text", "input"}
"""The fields of a conversation that are words, or hold some."""


class RedactWordsConfig(StageConfig, frozen=True):
    """What is taken out, in upper and lower case, and what stands there instead."""

    words: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)]
    mask: str = "[redacted]"


class RedactWords(Stage[GatewayFlow, RedactWordsConfig]):
    """Redacts the conversation, and the reply as it comes."""

    name = "redact-words"
    requires: ClassVar[frozenset[str]] = frozenset({"conversation"})
    awaits: ClassVar[frozenset[str]] = frozenset({"events"})

    def __init__(self, config: RedactWordsConfig) -> None:
        super().__init__(config)
        words = sorted(config.words, key=len, reverse=True)  # where two fit, the longer one
        whole = "|".join(map(re.escape, words))
        half = "|".join(re.escape(word[:size]) for word in words for size in range(1, len(word)))
        self._whole = re.compile(whole, re.IGNORECASE)
        self._streamed = re.compile(rf"(?P<half>{half})\Z|{whole}", re.IGNORECASE)

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        """Redact both ways."""
        flow.conversation = self._redacted(flow.conversation)
        await call_next(flow)
        flow.through(_Reply(self._streamed, self._redacted, self.config.mask))

    def _redacted(self, value: Any) -> Any:
        """Redact a text, or whatever a value holds."""
        if isinstance(value, str):
            return self._whole.sub(lambda _: self.config.mask, value)
        if isinstance(value, tuple):
            return tuple(map(self._redacted, value))
        fields = READ.intersection(value.__struct_fields__)
        return replace(value, **{field: self._redacted(getattr(value, field)) for field in fields})


class _Reply:
    """Redacts one reply; an end of a delta that may be half a word waits for the next delta."""

    def __init__(self, pattern: re.Pattern[str], redacted: Callable[[str], str], mask: str) -> None:
        self._pattern = pattern
        self._redacted = redacted
        self._mask = mask
        self._held = ""

    def __call__(self, batch: Batch[ReplyEvent]) -> Batch[ReplyEvent]:
        return tuple(redacted for event in batch for redacted in self._events(event))

    def _events(self, event: ReplyEvent) -> Iterator[ReplyEvent]:
        match event:
            case PartDelta(index=index, text=text):
                whole, self._held = self._held + text, ""
                if passed := self._pattern.sub(self._hide, whole):
                    yield PartDelta(index, passed)
            case PartEnded(index=index):
                if self._held:
                    yield PartDelta(index, self._redacted(self._held))
                self._held = ""
                yield event
            case _:
                yield event

    def _hide(self, match: re.Match[str]) -> str:
        self._held = match["half"] or ""
        return self._mask if match["half"] is None else ""
