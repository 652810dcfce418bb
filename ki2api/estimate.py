"""An estimate of tokens without any table: from lengths alone, quick enough for every request.

Four ASCII characters make a token; of other scripts the UTF-8 bytes are counted, 4.5 to a token,
which is 1.5 Chinese, Japanese or Korean characters, or two letters of Greek or Cyrillic.
"""

from math import ceil

from ki2api.conversation import (
    Conversation,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)

IMAGE_TOKENS = 1_500
_PER_MESSAGE = 4
_ASCII_PER_TOKEN = 4
_BYTES_PER_TOKEN = 4.5


class Tally:
    """Counts text that comes in pieces."""

    def __init__(self) -> None:
        self._ascii = 0
        self._wide = 0

    def add(self, text: str) -> None:
        """Count one piece."""
        if text.isascii():
            self._ascii += len(text)
        else:
            narrow = len(text.encode("ascii", "ignore"))
            self._ascii += narrow
            self._wide += len(text.encode("utf-8", "surrogatepass")) - narrow

    @property
    def tokens(self) -> int:
        """What was counted so far, in tokens."""
        return ceil(self._ascii / _ASCII_PER_TOKEN + self._wide / _BYTES_PER_TOKEN)


def text_tokens(text: str) -> int:
    """Estimate the tokens of a text."""
    tally = Tally()
    tally.add(text)
    return tally.tokens


def conversation_tokens(conversation: Conversation) -> int:
    """Estimate the input tokens of a request: system text, turns and tools."""
    system = sum(text_tokens(part.text) for part in conversation.system)
    turns = sum(_PER_MESSAGE + sum(map(_part_tokens, turn.parts)) for turn in conversation.turns)
    tools = sum(
        _PER_MESSAGE
        + text_tokens(tool.name + tool.description)
        + len(bytes(tool.schema)) // _ASCII_PER_TOKEN
        for tool in conversation.tools
    )
    return system + turns + tools


def _part_tokens(part: Part) -> int:
    match part:
        case TextPart(text=text) | ThinkingPart(text=text):
            return text_tokens(text)
        case ToolCallPart(name=name, input=arguments):
            return text_tokens(name + arguments)
        case ToolResultPart(content=content):
            return sum(map(_part_tokens, content))
        case _:
            return IMAGE_TOKENS
