"""Requests of the Messages API as conversations."""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Literal, TypeAlias

import msgspec

from ki2api.conversation import (
    Conversation,
    Metadata,
    Part,
    ReplyFormat,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolChoice,
    ToolResultPart,
    Turn,
    WebSearch,
)
from ki2api.errors import InvalidRequest, ThreadNotFound
from ki2api.protocols import Delivery, RawRequest
from ki2api.protocols.anthropic import wire
from ki2api.protocols.anthropic.billing import billing_lines, is_billing
from ki2api.protocols.anthropic.blocks import parts
from ki2api.protocols.anthropic.offered import changes_of, hidden_tools, listed_tools, searches
from ki2api.protocols.fields import Refused, asked_for, checked_effort, refuse_any, session_of
from ki2api.protocols.reading import NULL, Unserved, read
from ki2api.protocols.replying import json_reply, stop_strings, token_limit
from ki2api.protocols.shapes import ANTHROPIC, written_for
from ki2api.protocols.system import part_system

NO_EFFECT: Mapping[str, Any] = {
    "billing_policy": None,
    "compaction": None,
    "container": None,
    # What Claude Code 2.1.330 sends with every request (seen 2026-11): it clears nothing.
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "diagnostics": None,
    "fallback_credit_token": None,
    "fallbacks": [],
    "inference_geo": None,
    "service_tier": None,
    "speed": "standard",
    "top_k": None,
}
DISPLAYS: Mapping[str, Literal["summarized", "omitted"]] = {
    "summarized": "summarized",
    "omitted": "omitted",
}
REFUSED: Mapping[str, Refused] = {
    "mcp_servers": Refused("MCP servers are not supported: connect them in your client", []),
}

Outputs: TypeAlias = list[tuple[wire.OutputConfig, str]]
"""What is said of the output, and where."""

_WEB_SEARCH = re.compile(r"web_search_\d{8}")
_MESSAGES = msgspec.json.Decoder(wire.MessagesRequest)
_COUNT = msgspec.json.Decoder(wire.CountRequest)


class _UserId(msgspec.Struct):
    """What Claude Code writes as JSON into metadata.user_id (seen 2026-11)."""

    session_id: str | None = None


_USER_ID = msgspec.json.Decoder(_UserId)


@written_for(ANTHROPIC)
def decode(request: RawRequest, *, drop_unknown: bool = False) -> tuple[Conversation, Delivery]:
    """Read the body of POST /v1/messages."""
    asked = read(_MESSAGES, request, wire.KNOWN_TYPES if drop_unknown else None)
    conversation = _conversation(asked, request, Unserved(drop=drop_unknown))
    delivery = Delivery(request.id, asked.model, int(request.received), bool(asked.stream))
    return conversation, delivery


@written_for(ANTHROPIC)
def decode_count(request: RawRequest, *, drop_unknown: bool = False) -> Conversation:
    """Read the body of POST /v1/messages/count_tokens."""
    asked = read(_COUNT, request, wire.KNOWN_TYPES if drop_unknown else None)
    return _conversation(asked, request, Unserved(drop=drop_unknown))


def _conversation(
    asked: wire.CountRequest, request: RawRequest, unserved: Unserved
) -> Conversation:
    _refuse_other_shapes(asked)
    system, turns = part_system(_turns(asked, unserved))
    tools = tuple(_tools(asked, unserved))
    outputs = _outputs(asked)
    return Conversation(
        model=asked.model,
        turns=turns,
        system=(*_system(asked), *system),
        tools=tools,
        tool_choice=_tool_choice(asked.tool_choice),
        sampling=Sampling(
            token_limit(asked.max_tokens, "max_tokens"),
            asked.temperature,
            asked.top_p,
            stop_strings(asked.stop_sequences, "stop_sequences"),
        ),
        thinking=_thinking(asked, outputs),
        web_search=_web_search(asked),
        reply_format=_reply_format(asked, outputs),
        metadata=_metadata(asked, request),
        not_honoured=(*_not_honoured(asked, outputs, request), *unserved.dropped),
    )


def _refuse_other_shapes(asked: wire.CountRequest) -> None:
    refuse_any(asked, REFUSED)
    if asked.thread and asked.thread.type == "continue":
        raise ThreadNotFound(
            "conversations are not kept here: send all messages again", path="thread"
        )


def _system(asked: wire.CountRequest) -> Iterator[TextPart]:
    if isinstance(asked.system, str):
        yield TextPart(asked.system, "system")
    else:
        for index, block in enumerate(asked.system or ()):
            if not is_billing(block):
                yield TextPart(block.text, f"system[{index}]")


def _turns(asked: wire.CountRequest, unserved: Unserved) -> Iterator[tuple[bool, Turn]]:
    for index, message in enumerate(asked.messages):
        at = f"messages[{index}]"
        content = parts(message.content, f"{at}.content", unserved)
        if message.role == "system":
            if content:
                yield True, Turn("user", content, at)
        elif message.role == "user" or not any(map(_is_result, content)):
            yield False, Turn(message.role, content, at)
        else:
            yield from ((False, turn) for turn in _split(content, at))


def _is_result(part: Part) -> bool:
    return isinstance(part, ToolResultPart)


def _split(content: tuple[Part, ...], at: str) -> Iterator[Turn]:
    """Let results that stand in an assistant's message, of searches, come from the other side."""
    for is_result, run in groupby(content, _is_result):
        yield Turn("user" if is_result else "assistant", tuple(run), at)


def _tools(asked: wire.CountRequest, unserved: Unserved) -> Iterator[Tool]:
    changes = changes_of(asked)
    if not (asked.tools or changes):
        return
    hidden = hidden_tools(asked, changes)
    for tool, at in listed_tools(asked, changes):
        if _is_web_search(tool):
            continue
        if tool.type not in (None, "custom"):
            unserved.found(at, f"a tool of type {tool.type!r} is not supported")
        elif not tool.name:
            raise InvalidRequest("Field required", path=f"{at}.name")
        elif tool.input_schema == NULL:
            raise InvalidRequest("Field required", path=f"{at}.input_schema")
        else:
            yield Tool(
                tool.name,
                tool.description or "",
                tool.input_schema,
                at,
                strict=bool(tool.strict),
                deferred=tool.name in hidden,
            )


def _is_web_search(tool: wire.Tool) -> bool:
    return tool.type is not None and _WEB_SEARCH.fullmatch(tool.type) is not None


def _web_search(asked: wire.CountRequest) -> WebSearch | None:
    """Find the search of the web among the tools."""
    found: WebSearch | None = None
    for index, tool in enumerate(asked.tools or ()):
        if not _is_web_search(tool):
            continue
        at = f"tools[{index}]"
        allowed, blocked = tool.allowed_domains or (), tool.blocked_domains or ()
        if found is not None:
            raise InvalidRequest("there can be one web search", path=at)
        if allowed and blocked:
            why = "use either allowed_domains or blocked_domains"
            raise InvalidRequest(why, path=f"{at}.blocked_domains")
        name = tool.name or "web_search"
        found = WebSearch(name, tool.max_uses, tuple(allowed), tuple(blocked), at)
    return found


def _tool_choice(choice: wire.ToolChoice | None) -> ToolChoice:
    if choice is None:
        return ToolChoice()
    parallel = not choice.disable_parallel_tool_use
    if choice.type != "tool":
        return ToolChoice(choice.type, parallel=parallel)
    if not choice.name:
        raise InvalidRequest("Field required", path="tool_choice.name")
    return ToolChoice("named", choice.name, parallel)


def _reply_format(asked: wire.CountRequest, outputs: Outputs) -> ReplyFormat:
    """Read the form in force; `output_format` is the older name of its place."""
    found = [
        json_reply(config.format.schema, f"{at}.format.schema")
        for config, at in outputs
        if config.format
    ]
    if found:
        return found[-1]
    if asked.output_format:
        return json_reply(asked.output_format.schema, "output_format.schema")
    return ReplyFormat()


def _thinking(asked: wire.CountRequest, outputs: Outputs) -> Thinking:
    effort, thinking = _effort(outputs), asked.thinking
    if thinking is None:
        return Thinking(effort=effort)
    display = DISPLAYS.get(thinking.display or "")
    return Thinking(thinking.type != "disabled", thinking.budget_tokens, effort, display)


def _effort(outputs: Outputs) -> str | None:
    """Find the effort in force."""
    found = [
        checked_effort(config.effort, f"{at}.effort") for config, at in outputs if config.effort
    ]
    return found[-1] if found else None


def _outputs(asked: wire.CountRequest) -> Outputs:
    """Find what is said of the output; a message may change it from its place on."""
    own = [(asked.output_config, "output_config")] if asked.output_config else []
    changed = [
        (message.output_config, f"messages[{index}].output_config")
        for index, message in enumerate(asked.messages)
        if message.output_config
    ]
    return own + changed


def _metadata(asked: wire.CountRequest, request: RawRequest) -> Metadata:
    user = asked.metadata.user_id if asked.metadata else None
    return Metadata(user, session_of(request) or _session_in(user or ""))


def _session_in(user_id: str) -> str | None:
    """Find the session in a user id of Claude Code, older (user_..._session_...) or newer."""
    if user_id.startswith("{"):
        try:
            return _USER_ID.decode(user_id).session_id
        except (msgspec.DecodeError, RecursionError):
            return None
    return user_id.partition("_session_")[2] or None


def _not_honoured(asked: wire.CountRequest, outputs: Outputs, request: RawRequest) -> list[str]:
    found = [*asked_for(asked, NO_EFFECT), *billing_lines(asked.system), *searches(asked.tools)]
    found += [f"{at}.task_budget" for config, at in outputs if config.task_budget is not None]
    if asked.thinking and asked.thinking.display not in (None, *DISPLAYS):
        found.append("thinking.display")
    if asked.thinking and asked.thinking.type == "between_tools":
        found.append("thinking.type")
    for index, tool in enumerate(asked.tools or ()):
        if _is_web_search(tool) and tool.user_location is not None:
            found.append(f"tools[{index}].user_location")
    for index, message in enumerate(asked.messages):
        if message.clear_at == "next_user_message":
            found.append(f"messages[{index}].clear_at")
    # Inside of a JSON string the quotes would be escaped: this finds the key, wherever it stands.
    if b'"cache_control"' in request.body:
        found.append("cache_control")
    return found
