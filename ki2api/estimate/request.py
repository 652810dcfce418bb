"""Tokens of a whole request."""

from binascii import Error, a2b_base64
from math import ceil

import msgspec

from ki2api.conversation import (
    Conversation,
    DocumentPart,
    ImageLinkPart,
    ImagePart,
    Part,
    TextPart,
    ThinkingPart,
    ToldTool,
    ToolCallPart,
    ToolResultPart,
)
from ki2api.estimate.families import Family
from ki2api.estimate.memory import Memory
from ki2api.estimate.pictures import UNKNOWN, picture_tokens
from ki2api.estimate.text import exact

_PER_MESSAGE = 4
_PER_TOOL = 4
_BYTES_PER_TOKEN = 30
"""Of a document that is not plain text: a page has some 60 kB and 2,000 tokens."""
_PLAIN = frozenset({"txt", "md", "csv", "html"})


_TEXTS = Memory(exact, most=16_384)
"""At some 150 bytes each."""


def _of_tools(told: tuple[ToldTool, ...], family: Family) -> tuple[float, ...]:
    """Estimate a list of tools, piece by piece."""
    return tuple(
        tokens
        for tool in told
        for tokens in (
            _PER_TOOL,
            exact(tool.name, family),
            exact(tool.description, family),
            exact(tool.schema.decode("utf-8", "replace"), family),
        )
    )


_TOOLS = Memory(_of_tools, most=256)
"""At some 10 KB each for a hundred tools."""


class Estimate(msgspec.Struct, frozen=True):
    """The input tokens of a request; `attached` are those of pictures and files, mere guesses."""

    tokens: int
    attached: int = 0

    @property
    def written(self) -> int:
        """The tokens of words alone."""
        return self.tokens - self.attached


def conversation_tokens(conversation: Conversation, family: Family = "claude") -> int:
    """Estimate the input tokens of a request: system text, turns and tools."""
    return estimated(conversation, family).tokens


def estimated(conversation: Conversation, family: Family) -> Estimate:
    """Estimate a request, and say how much of it is guessed."""
    count = _Count(family)
    for words in conversation.system:
        count.text(words.text)
    for turn in conversation.turns:
        count.written += _PER_MESSAGE
        for part in turn.parts:
            count.part(part)
    if told := conversation.told:
        count.tools(told)
    return Estimate(ceil(count.written) + count.attached, count.attached)


class _Count:
    """Adds up a request."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self.written = 0.0
        self.attached = 0

    def tools(self, told: tuple[ToldTool, ...]) -> None:
        for tokens in _TOOLS.of(told, self._family):
            self.written += tokens

    def text(self, text: str) -> None:
        self.written += _TEXTS.of(text, self._family)

    def part(self, part: Part) -> None:
        match part:
            case TextPart(text=text) | ThinkingPart(text=text):
                self.text(text)
            case ToolCallPart(name=name, input=arguments):
                self.text(name)
                self.text(arguments)
            case ToolResultPart(content=content):
                for each in content:
                    self.part(each)
            case _:
                self._attachment(part)

    def _attachment(self, part: ImagePart | ImageLinkPart | DocumentPart) -> None:
        match part:
            case ImagePart(data=data):
                self.attached += picture_tokens(data, self._family)
            case ImageLinkPart():
                self.attached += UNKNOWN
            case DocumentPart(format=form, data=data) if form in _PLAIN:
                self.text(_plain(data))
            case _:
                self.attached += max(UNKNOWN, len(part.data) * 3 // 4 // _BYTES_PER_TOKEN)


def _plain(data: str) -> str:
    """Read a plain file; what is no base64 is left to those who send it."""
    try:
        return a2b_base64(data.encode("ascii", "replace")).decode("utf-8", "replace")
    except Error:
        return data
