"""What the simulated model says, before it becomes a stream."""

from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct, structs

from ki2api.simulator.question import Question, tokens_in


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


def within(answer: Answer, max_tokens: int | None) -> Answer:
    """Cut an answer short as a model does that keeps its token limit; its calls are last."""
    over = tokens_in(answer.thoughts + answer.text) - (max_tokens or 0)
    if max_tokens is None or over <= 0:
        return answer
    left = max(max_tokens - tokens_in(answer.thoughts), 0)
    share = left / max(tokens_in(answer.text), 1)
    return structs.replace(answer, text=answer.text[: int(len(answer.text) * share)], calls=())


Script: TypeAlias = Callable[[Question], Answer]
"""Decides what to answer."""
