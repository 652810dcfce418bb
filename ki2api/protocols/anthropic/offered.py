"""Which tools the model is told of: some are kept back, and messages may change the list.

A tool with `defer_loading` waits until a tool result names it by `tool_reference`, as Claude Code's
ToolSearch does (2.1.330, seen 2026-11), or until Anthropic's own search tool has found it. Kiro has
no such search: where a request brings it, every tool is told from the start. A system message may
add a tool, by its name or whole, and withdraw one (mid-conversation-tool-changes-2026-07-01); what
counts for Kiro, which has one list for a conversation, is the last word on each.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ki2api.errors import InvalidRequest
from ki2api.protocols.anthropic import wire

Change: TypeAlias = tuple[wire.ToolChange, str]
"""A change of the list, and its place."""
_CHANGES = (wire.ToolAdditionBlock, wire.ToolRemovalBlock)
_SEARCHES = ("tool_search_tool_regex", "tool_search_tool_bm25")


def is_search(tool: wire.Tool) -> bool:
    """Tell whether a tool is one of Anthropic's own for searching tools, of whatever date."""
    return (tool.type or "").startswith(_SEARCHES)


def searches(tools: list[wire.Tool] | None) -> list[str]:
    """Name the places of such tools."""
    return [f"tools[{index}]" for index, tool in enumerate(tools or ()) if is_search(tool)]


def listed_tools(
    asked: wire.CountRequest, changes: Sequence[Change]
) -> Iterator[tuple[wire.Tool, str]]:
    """Give every tool of the request with its place, wherever it is defined, but for searches."""
    for index, tool in enumerate(asked.tools or ()):
        if not is_search(tool):
            yield tool, f"tools[{index}]"
    for change, at in changes:
        if change.tool.definition is not None:
            yield change.tool.definition, f"{at}.tool.definition"


def hidden_tools(asked: wire.CountRequest, changes: Sequence[Change]) -> frozenset[str]:
    """Name the tools that the model is not to be told of now.

    Raises InvalidRequest if every tool waits to be found, as Anthropic does, and with the place of
    a change that speaks of something else than a tool of the client's.
    """
    tools = asked.tools or []
    hidden = {tool.name for tool in tools if tool.defer_loading}
    if hidden and all(tool.defer_loading for tool in tools):
        raise InvalidRequest("at least one tool must not have defer_loading set", path="tools")
    if any(map(is_search, tools)):
        hidden.clear()
    if hidden:
        hidden.difference_update(_found(asked))
    for change, at in changes:
        name = _name(change, at)
        if isinstance(change, wire.ToolRemovalBlock):
            hidden.add(name)
        else:
            hidden.discard(name)
    return frozenset(hidden)


def changes_of(asked: wire.CountRequest) -> list[Change]:
    """Find what messages change in the list of tools."""
    return [
        (block, f"messages[{number}].content[{index}]")
        for number, message in enumerate(asked.messages)
        if isinstance(message.content, list)
        for index, block in enumerate(message.content)
        if isinstance(block, _CHANGES)
    ]


def _name(change: wire.ToolChange, at: str) -> str:
    definition = change.tool.definition
    name = change.tool.name if definition is None else definition.name
    if change.tool.type not in {"tool_reference", "tool_definition"}:
        why = f"a tool of type {change.tool.type!r} is not supported"
        raise InvalidRequest(why, path=f"{at}.tool")
    if not name:
        raise InvalidRequest("Field required", path=f"{at}.tool.name")
    return name


def _found(asked: wire.CountRequest) -> Iterator[str]:
    for message in asked.messages:
        for block in message.content if isinstance(message.content, list) else ():
            if isinstance(block, wire.ToolResultBlock) and isinstance(block.content, list):
                for inner in block.content:
                    if isinstance(inner, wire.ToolReferenceBlock):
                        yield inner.tool_name
