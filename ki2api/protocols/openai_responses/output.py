"""The items of a reply, and the response object that holds them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from ki2api.conversation import TextPart, ThinkingPart, ToolCallPart
from ki2api.events import EndReason, ReplyPart, SearchCallPart, SearchResultPart, Usage
from ki2api.protocols import Delivery
from ki2api.protocols.openai_responses.asked import Asked
from ki2api.protocols.openai_responses.freeform import is_json, unwrap
from ki2api.protocols.openai_responses.names import Called
from ki2api.protocols.openai_responses.sealed import Sealed, seal
from ki2api.protocols.openai_responses.searching import cited, search_item
from ki2api.protocols.usage import FIELD, facts

JSONObject: TypeAlias = dict[str, Any]
Status: TypeAlias = Literal["in_progress", "completed", "incomplete", "failed"]

INCOMPLETE: Mapping[EndReason, str] = {
    "max-tokens": "max_output_tokens",
    "context-full": "max_output_tokens",
    "refusal": "content_filter",
}
_SEALED = "encrypted_content"


def response(
    asked: Asked,
    delivery: Delivery,
    status: Status,
    output: Sequence[JSONObject] = (),
    **rest: Any,
) -> JSONObject:
    """Make the response object."""
    return {
        "id": f"resp_{delivery.id}",
        "object": "response",
        "created_at": delivery.created,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": delivery.model,
        "output": [told(item, asked) for item in output],
        "service_tier": None,
        "top_logprobs": 0,
        "usage": None,
        **asked.echo,
        **rest,
    }


def usage_of(usage: Usage) -> JSONObject:
    """Give the figures; clients want these details as numbers, so 0 also means not known."""
    return {
        "input_tokens": usage.whole_input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read or 0,
            "cache_write_tokens": usage.cache_write or 0,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.thinking or 0},
        "total_tokens": usage.whole_input + usage.output,
        FIELD: facts(usage),
    }


def items_of(parts: Sequence[ReplyPart], asked: Asked, reply_id: str) -> list[JSONObject]:
    """Make the items of a whole reply; texts that follow each other are one message."""
    results = {part.call_id: part for part in parts if isinstance(part, SearchResultPart)}
    items: list[JSONObject] = []
    for index, part in enumerate(parts):
        match part:
            case TextPart():
                if not (index and isinstance(parts[index - 1], TextPart)):
                    items.append(message(f"msg_{reply_id}_{index}", [_joined(parts[index:])]))
            case ThinkingPart():
                items.append(reasoning(f"rs_{reply_id}_{index}", part))
            case ToolCallPart():
                items.append(_call(part, index, asked, reply_id))
            case SearchCallPart(id=call_id, input=arguments):
                items.append(search_item(f"ws_{reply_id}_{index}", arguments, results.get(call_id)))
            case _:  # the result of a search, which is told with its call
                pass
    return items


def _joined(parts: Sequence[ReplyPart]) -> JSONObject:
    """Join the texts that these parts begin with."""
    text = ""
    annotations: list[JSONObject] = []
    for part in parts:
        if not isinstance(part, TextPart):
            break
        text += part.text
        linked, notes = cited(text, part.citations)
        text += linked
        annotations += notes
    return words(text, annotations)


def _call(part: ToolCallPart, index: int, asked: Asked, reply_id: str) -> JSONObject:
    called = asked.names.called(part.name)
    text, whole = unwrap(part.input) if called.custom else (part.input, is_json(part.input))
    item_id = f"{prefix(called)}_{reply_id}_{index}"
    return call(item_id, called, part.id, text, ending(whole=whole))


def words(text: str, annotations: Sequence[JSONObject] = ()) -> JSONObject:
    """Make the one content of a message."""
    return {"type": "output_text", "annotations": annotations, "logprobs": [], "text": text}


def message(item_id: str, content: list[JSONObject], status: Status = "completed") -> JSONObject:
    """Make a message."""
    return {
        "id": item_id,
        "type": "message",
        "status": status,
        "content": content,
        "role": "assistant",
    }


def thought(text: str) -> JSONObject:
    """Make the one summary of a reasoning item."""
    return {"type": "summary_text", "text": text}


def reasoning(item_id: str, part: ThinkingPart) -> JSONObject:
    """Make a reasoning item with all that is to come back with it."""
    summary = [thought(part.text)] if part.text else []
    sealed = seal(Sealed(part.signature, part.redacted))
    return {"id": item_id, "type": "reasoning", "summary": summary, _SEALED: sealed}


def told(item: JSONObject, asked: Asked) -> JSONObject:
    """Return an item as the client is told it: what is sealed, only if it was asked for."""
    if asked.sealed or item["type"] != "reasoning":
        return item
    return {name: value for name, value in item.items() if name != _SEALED}


def ending(*, whole: bool) -> Status:
    """Return the status of an item that nothing more comes of."""
    return "completed" if whole else "incomplete"


def prefix(called: Called) -> str:
    """Return what the id of a call begins with."""
    return "ctc" if called.custom else "fc"


def call(item_id: str, called: Called, call_id: str, text: str, status: Status) -> JSONObject:
    """Make a call, of a function or of a tool that takes free text."""
    kind, field = ("custom_tool_call", "input") if called.custom else ("function_call", "arguments")
    item = {"id": item_id, "type": kind, "status": status, field: text, "call_id": call_id}
    item["name"] = called.name
    if called.namespace is not None:
        item["namespace"] = called.namespace
    return item
