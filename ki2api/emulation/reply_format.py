"""Replies in JSON: how the model is told, how the JSON is found, and whether it fits."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ki2api.conversation import ReplyFormat, TextPart, ToolCallPart
from ki2api.emulation.checks import Hold, Unfit
from ki2api.emulation.schema import Schema
from ki2api.events import Reply

_FENCE = "```"
_ALONE = "Reply with one JSON {kind} and nothing else: no words before or after it, no code fence."


def instruction(asked: ReplyFormat, *, tools: bool) -> str:
    """Say to the model in which form it must answer."""
    told = _ALONE.format(kind="object" if asked.kind == "json" else "value")
    if tools:
        told = f"Tools may be called first. When you answer in words: {told}"
    if asked.kind == "json":
        return told
    about = f" ({asked.name}: {asked.description})" if asked.description else ""
    return f"{told} It must fit this JSON Schema{about}:\n\n{_on_one_line(asked)}"


class InJSON:
    """The words of the reply must be JSON of the form that was asked for.

    What stands around it, such as a code fence, is taken off. A reply that calls tools is free.
    """

    hold: Hold = "whole"

    def __init__(self, schema: Schema | None) -> None:
        self._schema = schema

    def __call__(self, reply: Reply) -> Reply:
        if any(isinstance(part, ToolCallPart) for part in reply.parts):
            return reply
        texts = [part.text for part in reply.parts if isinstance(part, TextPart)]
        found = self._found("".join(texts))
        others = tuple(part for part in reply.parts if not isinstance(part, TextPart))
        return msgspec.structs.replace(reply, parts=(*others, TextPart(found)))

    def _found(self, text: str) -> str:
        """Return the first part of the text that fits; raises Unfit."""
        faults = []
        for candidate in _candidates(text):
            try:
                value = msgspec.json.decode(candidate)
            except (msgspec.DecodeError, RecursionError):
                continue
            fault = self._fault(value)
            if fault is None:
                return candidate
            faults.append(fault)
        raise Unfit(f"It does not fit: {faults[0]}." if faults else "It must be JSON alone.")

    def _fault(self, value: Any) -> str | None:
        if self._schema is None:
            return None if isinstance(value, dict) else "$: must be of type object"
        return self._schema.fault(value)


def _candidates(text: str) -> Iterator[str]:
    """Give what may be the JSON: all of it, a fenced block, from the first bracket to the last."""
    yield text.strip()
    _, *fenced = text.split(_FENCE)
    for block in fenced[::2]:
        language, _, rest = block.partition("\n")
        yield (rest if language.strip().isalnum() or not language.strip() else block).strip()
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    if starts:
        end = max(text.rfind("}"), text.rfind("]"))
        yield text[min(starts) : end + 1]


def _on_one_line(asked: ReplyFormat) -> str:
    return msgspec.json.format(bytes(asked.schema), indent=-1).decode()
