"""What the simulated model says, before it becomes a stream."""

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct

from ki2api.simulator.question import Question


class Call(Struct, frozen=True):
    """A tool call: the tool's name and its arguments."""

    name: str
    arguments: dict[str, Any] = {}


class Answer(Struct, frozen=True):
    """Thoughts, words and tool calls, in this order; `scenario` names a fault to play with it."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    thoughts: str = ""
    scenario: str = ""


Script: TypeAlias = Callable[[Question], Answer]
"""Decides what to answer."""
