"""The items of a request as turns, and the tools that stand among them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from ki2api.conversation import (
    Part,
    Role,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.protocols.openai_responses import freeform, wire
from ki2api.protocols.openai_responses.content import joined, shown
from ki2api.protocols.openai_responses.names import FlatNames
from ki2api.protocols.openai_responses.sealed import unseal
from ki2api.protocols.reading import Unserved, read_raw

Spoken: TypeAlias = tuple[bool, Turn]
"""A turn, and whether the system speaks."""
Reader: TypeAlias = Callable[["Reading", Any, str], Iterator[Part]]

SHELL = "local_shell"
SUMMARY = "A summary of the conversation so far, whose messages are not shown any more:"
SKIPPED = frozenset(
    {
        "apply_patch_call",
        "apply_patch_call_output",
        "code_interpreter_call",
        "computer_call",
        "computer_call_output",
        "configuration_update",
        "file_search_call",
        "image_generation_call",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "mcp_list_tools",
        "program",
        "program_output",
        "shell_call",
        "shell_call_output",
        "tool_search_call",
        "tool_search_output",
        "web_search_call",
    }
)
"""What tools of OpenAI's did in earlier replies: a model can go on without it."""


class Item(msgspec.Struct, frozen=True):
    """One item, still raw, and its place in the request."""

    type: str
    raw: msgspec.Raw | bytes
    at: str
    role: str | None = None


_KIND = msgspec.json.Decoder(wire.Kind)
_REFERENCE = msgspec.json.Decoder(wire.ItemReference)
_TOOLS = msgspec.json.Decoder(wire.AdditionalTools)
_MESSAGE = msgspec.json.Decoder(wire.Message)


class Reading:
    """What the reading of every item needs."""

    def __init__(self, names: FlatNames, unserved: Unserved) -> None:
        self.names = names
        self.unserved = unserved


def items_of(
    raws: Iterable[msgspec.Raw | bytes],
    at: str,
    found: Callable[[str], bytes | None],
    unserved: Unserved,
) -> Iterator[Item]:
    """Tell the kind of every item, and put in the place of each reference what it names."""
    for index, raw in enumerate(raws):
        item = _item(raw, f"{at}[{index}]")
        if item.type != "item_reference":
            yield item
        elif (kept := found(read_raw(_REFERENCE, raw, item.at).id)) is not None:
            yield _item(kept, item.at)
        else:
            unserved.without_effect(item.at)


def additional_tools(item: Item) -> list[msgspec.Raw]:
    """Read the tools of an item that brings some."""
    return read_raw(_TOOLS, item.raw, item.at).tools


def spoken(items: Iterable[Item], reading: Reading) -> Iterator[Spoken]:
    """Read the items as turns of one item each."""
    for item in items:
        if item.type == "message":
            message = read_raw(_MESSAGE, item.raw, item.at)
            # A bare string stands at `input` itself.
            place = f"{item.at}.content" if item.at.endswith("]") else item.at
            content = tuple(shown(message.content, place, reading.unserved))
            role: Role = "assistant" if message.role == "assistant" else "user"
            yield message.role in {"system", "developer"}, Turn(role, content, item.at)
        elif item.type in READERS:
            role, decoder, reader = READERS[item.type]
            parts = tuple(reader(reading, read_raw(decoder, item.raw, item.at), item.at))
            if parts:
                yield False, Turn(role, parts, item.at)
        elif item.type in SKIPPED:
            reading.unserved.without_effect(item.at)
        else:
            reading.unserved.found(item.at, f"an item of type {item.type!r} is not supported")


def _item(raw: msgspec.Raw | bytes, at: str) -> Item:
    kind = read_raw(_KIND, raw, at)
    untyped = "message" if kind.role or not kind.id else "item_reference"
    return Item(kind.type or untyped, raw, at, kind.role)


def _function_call(reading: Reading, call: wire.FunctionCall, at: str) -> Iterator[Part]:
    # A call without arguments comes with "" from some clients and models.
    name = reading.names.flat(call.namespace, call.name)
    yield ToolCallPart(call.call_id, name, call.arguments or "{}", at)


def _custom_call(reading: Reading, call: wire.CustomToolCall, at: str) -> Iterator[Part]:
    name = reading.names.flat(call.namespace, call.name)
    yield ToolCallPart(call.call_id, name, freeform.wrap(call.input), at)


def _output(reading: Reading, output: wire.CallOutput, at: str) -> Iterator[Part]:
    content = tuple(shown(output.output, f"{at}.output", reading.unserved))
    yield ToolResultPart(output.call_id, content, at=at)


def _shell_call(_: Reading, call: wire.LocalShellCall, at: str) -> Iterator[Part]:
    yield ToolCallPart(call.call_id, SHELL, bytes(call.action).decode(), at)


def _shell_output(_: Reading, output: wire.LocalShellOutput, at: str) -> Iterator[Part]:
    content = (TextPart(output.output, f"{at}.output"),)
    yield ToolResultPart(output.call_id or output.id, content, at=at)


def _agent_message(reading: Reading, message: wire.AgentMessage, at: str) -> Iterator[Part]:
    yield TextPart(f"Message from {message.author} to {message.recipient}:", at)
    yield from shown(message.content, f"{at}.content", reading.unserved)


def _reasoning(reading: Reading, reasoning: wire.Reasoning, at: str) -> Iterator[Part]:
    """Read earlier thoughts; what another server sealed says nothing to Kiro."""
    text = joined(reasoning.content) or joined(reasoning.summary)
    sealed = unseal(reasoning.encrypted_content or "")
    if sealed is not None:
        yield ThinkingPart(text, sealed.signature, sealed.redacted, at)
        return
    if reasoning.encrypted_content:
        reading.unserved.without_effect(f"{at}.encrypted_content")
    if text:
        yield ThinkingPart(text, at=at)


def _compaction(reading: Reading, compaction: wire.Compaction, at: str) -> Iterator[Part]:
    """Read a summary, which only who made it can."""
    sealed = unseal(compaction.encrypted_content)
    if sealed is not None and sealed.summary:
        yield TextPart(f"{SUMMARY}\n\n{sealed.summary}", at)
    else:
        reading.unserved.found(at, "this conversation was compacted by another server")


READERS: Mapping[str, tuple[Role, msgspec.json.Decoder[Any], Reader]] = {
    "agent_message": ("user", msgspec.json.Decoder(wire.AgentMessage), _agent_message),
    "compaction": ("user", msgspec.json.Decoder(wire.Compaction), _compaction),
    "context_compaction": ("user", msgspec.json.Decoder(wire.Compaction), _compaction),
    "custom_tool_call": ("assistant", msgspec.json.Decoder(wire.CustomToolCall), _custom_call),
    "custom_tool_call_output": ("user", msgspec.json.Decoder(wire.CallOutput), _output),
    "function_call": ("assistant", msgspec.json.Decoder(wire.FunctionCall), _function_call),
    "function_call_output": ("user", msgspec.json.Decoder(wire.CallOutput), _output),
    "local_shell_call": ("assistant", msgspec.json.Decoder(wire.LocalShellCall), _shell_call),
    "local_shell_call_output": ("user", msgspec.json.Decoder(wire.LocalShellOutput), _shell_output),
    "reasoning": ("assistant", msgspec.json.Decoder(wire.Reasoning), _reasoning),
}
