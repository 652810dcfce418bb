"""What a whole reply must be where the caller relies on it, and what is wrong with it if not."""

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

import msgspec

from ki2api.conversation import TextPart, ToolCallPart
from ki2api.emulation.schema import Schema
from ki2api.events import Reply

Hold: TypeAlias = Literal["whole", "call", "nothing"]
"""What of a stream must wait for the check: all of it, all before its first call, or nothing."""


class Unfit(Exception):
    """A reply that is not what was asked for; its text says to the model what to mend."""


class Check(Protocol):
    """One thing that a reply must be."""

    hold: Hold

    def __call__(self, reply: Reply) -> Reply:
        """Return the reply as it may be passed on; raises Unfit."""


class Required:
    """One of these tools must be called."""

    hold: Hold = "call"

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def __call__(self, reply: Reply) -> Reply:
        if not any(
            isinstance(part, ToolCallPart) and part.name in self.names for part in reply.parts
        ):
            raise Unfit(f"It must call {_either(self.names)}.")
        return reply


class Answered:
    """Something must be said, since no tool may be called."""

    hold: Hold = "nothing"

    def __call__(self, reply: Reply) -> Reply:
        if not any(isinstance(part, TextPart) and part.text.strip() for part in reply.parts):
            raise Unfit("It must answer in words, without calling a tool.")
        return reply


class Arguments:
    """The input of calls must fit the schemas of these tools."""

    hold: Hold = "nothing"

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def __call__(self, reply: Reply) -> Reply:
        for part in reply.parts:
            if isinstance(part, ToolCallPart) and part.name in self._schemas:
                fault = self._schemas[part.name].fault(msgspec.json.decode(part.input))
                if fault:
                    raise Unfit(f"The input of {part.name} does not fit its schema: {fault}.")
        return reply


def _either(names: frozenset[str]) -> str:
    most = 8
    listed = sorted(names)[:most]
    return f"the tool {listed[0]}" if len(names) == 1 else f"one of the tools {', '.join(listed)}"
