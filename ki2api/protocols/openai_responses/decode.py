"""Requests of the Responses API as conversations."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from ki2api.conversation import (
    Conversation,
    Metadata,
    ReplyFormat,
    Sampling,
    TextPart,
    Thinking,
    Turn,
)
from ki2api.errors import InvalidRequest, ThreadNotFound
from ki2api.protocols import Delivery, RawRequest
from ki2api.protocols.fields import Refused, asked_for, checked_effort, refuse_any, session_of
from ki2api.protocols.openai_responses import wire
from ki2api.protocols.openai_responses.asked import ENCRYPTED, SOURCES, Asked, echo_of
from ki2api.protocols.openai_responses.compacting import TRIGGER, to_be_summed_up
from ki2api.protocols.openai_responses.items import (
    Item,
    Reading,
    additional_tools,
    items_of,
    spoken,
)
from ki2api.protocols.openai_responses.named import named
from ki2api.protocols.openai_responses.names import FlatNames
from ki2api.protocols.openai_responses.tools import Tools
from ki2api.protocols.openai_responses.turns import joined_turns
from ki2api.protocols.reading import NULL, Unserved, read
from ki2api.protocols.replying import token_limit
from ki2api.protocols.shapes import RESPONSES, written_for
from ki2api.protocols.system import part_system
from ki2api.shelf import Drawer, Gone

NO_EFFECT: Mapping[str, Any] = {
    "access_programs": None,
    "background_options": None,
    "context_management": [],
    "image": None,
    "max_tool_calls": None,
    "prompt_cache_options": None,
    "prompt_cache_retention": None,
    "service_tier": "auto",
    "truncation": "disabled",
}
REFUSED: Mapping[str, Refused] = {
    "background": Refused("nothing is answered in the background", neutral=False),
    "conversation": Refused("conversations are not kept: use previous_response_id, or send all"),
    "moderation": Refused("moderation is not supported"),
    "prompt": Refused("prompt templates are not kept here: send the prompt itself"),
    "top_logprobs": Refused("log probabilities are not supported", 0),
}

_NOT_SPOKEN = frozenset({"additional_tools", TRIGGER})
_RESPONSES = msgspec.json.Decoder(wire.ResponsesRequest)


@written_for(RESPONSES)
def decode(
    request: RawRequest, drawer: Drawer, *, drop_unknown: bool = False
) -> tuple[Conversation, Delivery]:
    """Read the body of POST /v1/responses; raises ThreadNotFound for a reply that is not kept."""
    asked = read(_RESPONSES, request)
    conversation, found = _understood(asked, request, drawer, drop=drop_unknown)
    compacts = bool(found.new) and found.new[-1].type == TRIGGER
    if compacts:
        conversation = to_be_summed_up(conversation, found.new[-1].at)
    keep = asked.store is not False
    kept = Asked(
        echo_of(request.body),
        found.names,
        sealed=ENCRYPTED in (asked.include or ()),
        keep=keep,
        items=named(found.new, request.id) if keep else {},
        previous=asked.previous_response_id,
        compacts=compacts,
    )
    return conversation, _delivery(request, asked, kept, stream=bool(asked.stream))


@written_for(RESPONSES)
def decode_compact(
    request: RawRequest, drawer: Drawer, *, drop_unknown: bool = False
) -> tuple[Conversation, Delivery]:
    """Read the body of POST /v1/responses/compact."""
    asked = read(_RESPONSES, request)
    conversation, found = _understood(asked, request, drawer, drop=drop_unknown)
    said = named((item for item in found.items if item.role == "user"), request.id)
    kept = Asked(echo_of(request.body), found.names, items=said, compacts=True)
    delivery = _delivery(request, asked, kept, stream=False)
    return to_be_summed_up(conversation, "input"), delivery


@written_for(RESPONSES)
def decode_count(request: RawRequest, drawer: Drawer) -> Conversation:
    """Read the body of POST /v1/responses/input_tokens."""
    conversation, _ = _understood(read(_RESPONSES, request), request, drawer, drop=False)
    return conversation


class _Found(msgspec.Struct, frozen=True):
    """What was found in a request beside its conversation."""

    earlier: list[Item]
    new: list[Item]
    names: FlatNames

    @property
    def items(self) -> list[Item]:
        """All items, those of earlier requests first."""
        return [*self.earlier, *self.new]


def _understood(
    asked: wire.ResponsesRequest, request: RawRequest, drawer: Drawer, *, drop: bool
) -> tuple[Conversation, _Found]:
    refuse_any(asked, REFUSED)
    unserved = Unserved(drop=drop)
    tools = Tools(asked.tool_choice, unserved)
    found = _Found(
        list(_earlier_items(asked.previous_response_id, drawer, unserved)),
        list(_new_items(asked, drawer, unserved)),
        tools.names,
    )
    return _conversation(asked, request, tools, found.items, unserved), found


def _delivery(
    request: RawRequest, asked: wire.ResponsesRequest, kept: Asked, *, stream: bool
) -> Delivery:
    return Delivery(request.id, asked.model, int(request.received), stream, kept=kept)


def _new_items(asked: wire.ResponsesRequest, drawer: Drawer, unserved: Unserved) -> Iterator[Item]:
    if isinstance(asked.input, str):
        raw = msgspec.json.encode({"role": "user", "content": asked.input})
        yield Item("message", raw, "input", "user")
    else:
        yield from items_of(asked.input or (), "input", drawer.item, unserved)


def _earlier_items(reply_id: str | None, drawer: Drawer, unserved: Unserved) -> Iterator[Item]:
    """Read what was asked and answered before."""
    try:
        line = drawer.before(reply_id) if reply_id else []
    except Gone as gone:
        raise ThreadNotFound(
            f"Previous response with id {gone.id[:80]!r} not found.", path="previous_response_id"
        ) from None
    raws = (raw for kept in line for raw in (*kept.asked.values(), *kept.answered.values()))
    yield from items_of(raws, "previous_response_id", drawer.item, unserved)


def _conversation(
    asked: wire.ResponsesRequest,
    request: RawRequest,
    tools: Tools,
    items: list[Item],
    unserved: Unserved,
) -> Conversation:
    tools.read(asked.tools or (), "tools")
    for item in items:
        if item.type == "additional_tools":
            tools.read(additional_tools(item), f"{item.at}.tools")
    system, turns = _turns(items, Reading(tools.names, unserved))
    instructions = (TextPart(asked.instructions, "instructions"),) if asked.instructions else ()
    return Conversation(
        model=asked.model,
        turns=turns,
        system=(*instructions, *system),
        tools=tuple(tools.declared),
        tool_choice=tools.choice(asked),
        sampling=Sampling(
            token_limit(asked.max_output_tokens, "max_output_tokens"),
            asked.temperature,
            asked.top_p,
        ),
        thinking=_thinking(asked.reasoning),
        reply_format=_reply_format(asked.text),
        web_search=tools.web_search,
        metadata=Metadata(
            asked.safety_identifier or asked.user, session_of(request) or asked.prompt_cache_key
        ),
        not_honoured=(*_not_honoured(asked), *unserved.dropped),
    )


def _turns(items: list[Item], reading: Reading) -> tuple[tuple[TextPart, ...], tuple[Turn, ...]]:
    said = spoken((item for item in items if item.type not in _NOT_SPOKEN), reading)
    system, turns = part_system(said, "input")
    return system, joined_turns(turns)


def _thinking(reasons: wire.Reasons | None) -> Thinking:
    """Read how much to think; thoughts that no summary is wanted of still bring their proof."""
    reasons = reasons or wire.Reasons()
    effort = checked_effort(reasons.effort, "reasoning.effort")
    if effort == "none":
        return Thinking(enabled=False)
    told = reasons.summary or reasons.generate_summary
    display: Literal["summarized", "omitted"] = "summarized" if told else "omitted"
    return Thinking(True if effort else None, effort=effort, display=display)


def _reply_format(text: wire.Text | None) -> ReplyFormat:
    if text is None or text.format is None:
        return ReplyFormat()
    form, at = text.format, "text.format"
    match form.type:
        case "text":
            return ReplyFormat()
        case "json_object":
            return ReplyFormat("json", at=at)
        case "json_schema" if form.schema == NULL:
            raise InvalidRequest("Field required", path=f"{at}.schema")
        case "json_schema":
            return ReplyFormat("json-schema", form.name, form.description or "", form.schema, at)
        case other:
            raise InvalidRequest(f"{other!r} is not supported", path=f"{at}.type")


def _not_honoured(asked: wire.ResponsesRequest) -> Iterator[str]:
    for name in asked_for(asked, NO_EFFECT):
        if (name, getattr(asked, name)) != ("service_tier", "default"):
            yield name
    if asked.text and asked.text.verbosity not in (None, "medium"):
        yield "text.verbosity"
    if asked.reasoning and asked.reasoning.context is not None:
        yield "reasoning.context"
    for index, included in enumerate(asked.include or ()):
        if included not in {ENCRYPTED, SOURCES}:
            yield f"include[{index}]"
