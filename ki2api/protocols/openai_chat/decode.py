"""Requests of Chat Completions as conversations."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ki2api.conversation import (
    Conversation,
    Metadata,
    ReplyFormat,
    Sampling,
    Thinking,
    Tool,
    ToolChoice,
    Turn,
    WebSearch,
)
from ki2api.errors import InvalidRequest
from ki2api.protocols import Delivery, RawRequest
from ki2api.protocols.fields import Refused, asked_for, checked_effort, refuse_any, session_of
from ki2api.protocols.openai_chat import wire
from ki2api.protocols.openai_chat.content import result, said, shown
from ki2api.protocols.reading import NULL, Unserved, read
from ki2api.protocols.replying import json_reply, stop_strings, token_limit
from ki2api.protocols.shapes import CHAT, written_for
from ki2api.protocols.system import part_system

NO_EFFECT: Mapping[str, Any] = {
    "frequency_penalty": 0,
    "logit_bias": {},
    "metadata": {},
    "prediction": None,
    "presence_penalty": 0,
    "prompt_cache_options": None,
    "prompt_cache_retention": None,
    "seed": None,
    "service_tier": None,
    "store": False,
    "top_k": None,
    "verbosity": None,
}
REFUSED: Mapping[str, Refused] = {
    "audio": Refused("audio is not supported"),
    "function_call": Refused("use tool_choice: functions are not supported"),
    "functions": Refused("use tools: functions are not supported", []),
    "logprobs": Refused("log probabilities are not supported", neutral=False),
    "modalities": Refused("only text is supported", ["text"]),
    "moderation": Refused("moderation is not supported"),
    "n": Refused("only one choice is supported", 1),
    "top_logprobs": Refused("log probabilities are not supported", 0),
}

_CHAT = msgspec.json.Decoder(wire.ChatRequest)
_NO_PARAMETERS = msgspec.Raw(b'{"type":"object","properties":{}}')


@written_for(CHAT)
def decode(request: RawRequest, *, drop_unknown: bool = False) -> tuple[Conversation, Delivery]:
    """Read the body of POST /v1/chat/completions."""
    asked = read(_CHAT, request, wire.KNOWN_TYPES if drop_unknown else None)
    conversation = _conversation(asked, request, Unserved(drop=drop_unknown))
    options = asked.stream_options
    delivery = Delivery(
        request.id,
        asked.model,
        int(request.received),
        stream=bool(asked.stream),
        include_usage=bool(options and options.include_usage),
    )
    return conversation, delivery


def _conversation(asked: wire.ChatRequest, request: RawRequest, unserved: Unserved) -> Conversation:
    refuse_any(asked, REFUSED)
    system, turns = part_system(_turns(asked, unserved))
    tools = tuple(_tools(asked, unserved))
    return Conversation(
        model=asked.model,
        turns=turns,
        system=system,
        tools=tools,
        tool_choice=_tool_choice(asked),
        sampling=_sampling(asked),
        thinking=_thinking(asked.reasoning_effort),
        web_search=_web_search(asked),
        reply_format=_reply_format(asked.response_format),
        metadata=Metadata(
            asked.safety_identifier or asked.user, session_of(request) or asked.prompt_cache_key
        ),
        not_honoured=(*asked_for(asked, NO_EFFECT), *_of_search(asked), *unserved.dropped),
    )


def _turns(asked: wire.ChatRequest, unserved: Unserved) -> Iterator[tuple[bool, Turn]]:
    for index, message in enumerate(asked.messages):
        at = f"messages[{index}]"
        match message:
            case wire.UserMessage():
                yield False, _spoken(message, at, unserved)
            case wire.AssistantMessage():
                yield False, Turn("assistant", tuple(said(message, at, unserved)), at)
            case wire.ToolMessage():
                yield False, Turn("user", (result(message, at, unserved),), at)
            case wire.FunctionMessage():
                raise InvalidRequest("use tool messages: functions are not supported", path=at)
            case _:
                yield True, _spoken(message, at, unserved)


def _spoken(
    message: wire.UserMessage | wire.SystemMessage | wire.DeveloperMessage,
    at: str,
    unserved: Unserved,
) -> Turn:
    return Turn("user", tuple(shown(message.content, f"{at}.content", unserved)), at)


def _tools(asked: wire.ChatRequest, unserved: Unserved) -> Iterator[Tool]:
    """Read the tools that may be called; those that are not allowed this time are left out."""
    allowed = _allowed(asked)
    for index, tool in enumerate(asked.tools or ()):
        at = f"tools[{index}]"
        if tool.type != "function":
            unserved.found(at, f"a tool of type {tool.type!r} is not supported")
        elif tool.function is None:
            raise InvalidRequest("Field required", path=f"{at}.function")
        elif allowed is None or tool.function.name in allowed:
            yield _function(tool.function, at)


def _function(function: wire.Function, at: str) -> Tool:
    schema = _NO_PARAMETERS if function.parameters == NULL else function.parameters
    about = function.description or ""
    return Tool(function.name, about, schema, at, strict=bool(function.strict))


def _allowed(asked: wire.ChatRequest) -> set[str] | None:
    choice = asked.tool_choice
    if not isinstance(choice, wire.ToolChoice) or choice.allowed_tools is None:
        return None
    return {tool.function.name for tool in choice.allowed_tools.tools if tool.function}


def _tool_choice(asked: wire.ChatRequest) -> ToolChoice:
    parallel = asked.parallel_tool_calls is not False
    match asked.tool_choice:
        case None | "auto" | wire.ToolChoice(allowed_tools=wire.AllowedTools(mode="auto")):
            return ToolChoice("auto", parallel=parallel)
        case "required" | wire.ToolChoice(allowed_tools=wire.AllowedTools(mode="required")):
            return ToolChoice("any", parallel=parallel)
        case "none":
            return ToolChoice("none", parallel=parallel)
        case wire.ToolChoice(function=wire.NamedFunction(name=name)):
            return ToolChoice("named", name, parallel)
        case _:
            raise InvalidRequest("this choice of a tool is not supported", path="tool_choice")


def _web_search(asked: wire.ChatRequest) -> WebSearch | None:
    return None if asked.web_search_options is None else WebSearch(at="web_search_options")


def _of_search(asked: wire.ChatRequest) -> list[str]:
    """Name the options of the search that Kiro's has no fields for."""
    if asked.web_search_options is None:
        return []
    named = asked_for(
        asked.web_search_options, {"search_context_size": None, "user_location": None}
    )
    return [f"web_search_options.{name}" for name in named]


def _sampling(asked: wire.ChatRequest) -> Sampling:
    older = token_limit(asked.max_tokens, "max_tokens")
    limit = token_limit(asked.max_completion_tokens, "max_completion_tokens")
    return Sampling(
        older if limit is None else limit,
        asked.temperature,
        asked.top_p,
        stop_strings(asked.stop, "stop"),
    )


def _reply_format(asked: wire.ResponseFormat | None) -> ReplyFormat:
    match asked:
        case None | wire.ResponseFormat(type="text"):
            return ReplyFormat()
        case wire.ResponseFormat(type="json_object"):
            return ReplyFormat("json", at="response_format")
        case wire.ResponseFormat(json_schema=wire.JSONSchema() as form):
            at, about = "response_format.json_schema.schema", form.description or ""
            return json_reply(form.schema, at, name=form.name, about=about)
        case _:
            raise InvalidRequest("Field required", path="response_format.json_schema")


def _thinking(asked: str | None) -> Thinking:
    """Read the effort; thoughts that come unasked are given too, since nobody must read them."""
    effort = checked_effort(asked, "reasoning_effort")
    if effort == "none":
        return Thinking(enabled=False)
    return Thinking(True if effort else None, effort=effort, display="summarized")
