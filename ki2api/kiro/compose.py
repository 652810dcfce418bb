"""Puts a conversation to Kiro: the body of generateAssistantResponse, deterministic to the byte.

Same conversation and ids, same bytes: Kiro's cache goes by the prefix (docs/kiro.md §3.9).
"""

from collections.abc import Iterator

import msgspec

from ki2api.conversation import Conversation, DocumentPart, ImagePart, ThinkingPart
from ki2api.errors import RequestTooLarge
from ki2api.estimate import conversation_tokens, family_of
from ki2api.kiro import wire
from ki2api.kiro.hearing import Hearing, hearing_of
from ki2api.kiro.ids import Ids, ids_of
from ki2api.kiro.learnt import Learnt
from ki2api.kiro.limits import Limits, surely_within, weight
from ki2api.kiro.names import ToolNames
from ki2api.kiro.overflow import too_long
from ki2api.kiro.rules.documents import h17_only_documents_that_kiro_takes
from ki2api.kiro.rules.draft import Call, Draft, Repair, Result, Said
from ki2api.kiro.rules.effort import ask_for_thinking
from ki2api.kiro.rules.images import h17_only_images_that_kiro_takes
from ki2api.kiro.rules.pairs import pair_calls_with_results
from ki2api.kiro.rules.reading import read_system, read_turns
from ki2api.kiro.rules.reasoning import only_one_thought_a_turn
from ki2api.kiro.rules.tools import declare_tools
from ki2api.kiro.rules.turns import (
    h1_h2_user_at_both_ends,
    h4_merge_neighbours,
    h5_h6_no_empty_turn,
    h18_not_too_many_turns,
    system_text_first,
)
from ki2api.models import Target

__all__ = ["Composed", "Ids", "Learnt", "Limits", "Repair", "ToolNames", "compose", "ids_of"]

ORIGIN = "AI_EDITOR"
_TRIGGER = "MANUAL"  # H20: "AUTO" is refused
_TASK = "vibe"
_STANDARD = Limits()
_NOTHING = Learnt()
_encode = msgspec.json.Encoder().encode


class Composed(msgspec.Struct, frozen=True):
    """A request as Kiro takes it, and what a reader of the flow should know about it."""

    body: bytes
    ids: Ids
    names: ToolNames
    repairs: tuple[Repair, ...]
    not_honoured: tuple[str, ...]
    hearing: Hearing = Hearing()
    """How the thoughts of the reply are to be taken."""
    has_fields: bool = False
    """Whether it holds extra fields, which a model may refuse."""
    proofs: tuple[str, ...] = ()
    """The signatures and opaque blobs of earlier thoughts that it holds."""


def compose(
    conversation: Conversation,
    target: Target,
    ids: Ids,
    profile_arn: str = "",
    limits: Limits = _STANDARD,
    learnt: Learnt = _NOTHING,
) -> Composed:
    """Say a conversation in Kiro's words.

    Raises InvalidRequest with the path of what Kiro has no words for, and ContextTooLong or
    RequestTooLarge for what it would find too long.
    """
    draft = _drafted(conversation, Draft(model=target.model, limits=limits, learnt=learnt))
    body = _encode(wire.Request(_state(draft, ids), profile_arn, draft.fields))
    _check_weight(draft, body, conversation)
    return Composed(
        body,
        ids,
        draft.names,
        tuple(draft.repairs),
        _not_honoured(conversation, draft),
        hearing_of(conversation.thinking, target.model, asked_by_tags=draft.tagged),
        draft.fields is not None,
        tuple([part.redacted or part.signature for said in draft.turns for part in said.thoughts]),
    )


def _drafted(conversation: Conversation, draft: Draft) -> Draft:
    read_system(draft, conversation)
    ask_for_thinking(draft, conversation)
    declare_tools(draft, conversation)
    read_turns(draft, conversation)
    h4_merge_neighbours(draft)
    h1_h2_user_at_both_ends(draft)
    h18_not_too_many_turns(draft)
    pair_calls_with_results(draft)
    only_one_thought_a_turn(draft)
    h17_only_images_that_kiro_takes(draft)
    h17_only_documents_that_kiro_takes(draft)
    h5_h6_no_empty_turn(draft)
    system_text_first(draft)
    return draft


def _state(draft: Draft, ids: Ids) -> wire.ConversationState:
    *past, current = draft.turns
    model = draft.model.id
    return wire.ConversationState(
        _TRIGGER,
        _TASK,
        ids.conversation,
        ids.continuation,
        _user(model, current, tuple([spec.raw for spec in draft.tools])),
        tuple([_user(model, said) if said.role == "user" else _assistant(said) for said in past]),
    )


def _user(model: str, said: Said, tools: tuple[msgspec.Raw, ...] = ()) -> wire.UserMessage:
    # Most turns are words alone, and there may be thousands: what they lack costs them nothing.
    results = tuple(map(_tool_result, said.results)) if said.results else ()
    context = wire.UserInputMessageContext(tools, results) if tools or results else None
    images = tuple(map(_image, said.images)) if said.images else ()
    documents = tuple(map(_document, said.documents)) if said.documents else ()
    return wire.UserMessage(
        wire.UserInputMessage(said.content, model, ORIGIN, images, documents, context)
    )


def _image(part: ImagePart) -> wire.Image:
    return wire.Image(part.format, wire.ImageSource(part.data))


def _document(part: DocumentPart) -> wire.Document:
    return wire.Document(part.name, part.format, wire.DocumentSource(part.data))


def _assistant(said: Said) -> wire.AssistantMessage:
    calls = tuple(map(_call, said.calls)) if said.calls else ()
    thought = _thought(said.thoughts[0]) if said.thoughts else None
    return wire.AssistantMessage(wire.AssistantResponseMessage(said.content, calls, thought))


def _call(call: Call) -> wire.ToolUse:
    return wire.ToolUse(call.id, call.name, call.input)


def _thought(part: ThinkingPart) -> wire.ReasoningContent:
    if part.redacted:
        return wire.ReasoningContent(redacted_content=part.redacted)
    return wire.ReasoningContent(wire.ReasoningText(part.text, part.signature))


def _tool_result(result: Result) -> wire.ToolResult:
    texts = tuple(map(wire.ResultText, result.texts))
    return wire.ToolResult(result.call_id, texts, "error" if result.is_error else "success")


def _check_weight(draft: Draft, body: bytes, conversation: Conversation) -> None:
    limit = draft.limits.weight_for(draft.model.window)
    if surely_within(len(body), limit):
        return
    # Images do not count: the official client sends ten of 10 MiB (docs/kiro.md §3.7, QCLI).
    # Documents have limits of their own too.
    images = sum(len(image.data) for said in draft.turns for image in said.images)
    documents = sum(len(each.data) for said in draft.turns for each in said.documents)
    attached = images + documents
    heavy = weight(body) - attached
    if heavy <= limit:
        return
    tools = weight(_encode([spec.raw for spec in draft.tools]))
    if tools > limit:
        detail = f"The tools alone weigh {tools}, the limit is {limit}."
        raise RequestTooLarge(detail, path="tools", rule="T14")
    tokens = conversation_tokens(conversation, family_of(draft.model.id))
    raise too_long(tokens, min(tokens * limit // heavy, draft.model.window))


def _not_honoured(conversation: Conversation, draft: Draft) -> tuple[str, ...]:
    """Name what was asked and has no effect, since Kiro has no field for it."""
    return tuple(dict.fromkeys((*conversation.not_honoured, *_without_field(conversation, draft))))


def _without_field(conversation: Conversation, draft: Draft) -> Iterator[str]:
    sampling, choice, fields = conversation.sampling, conversation.tool_choice, draft.fields
    if sampling.max_tokens is not None and (fields is None or fields.max_tokens is None):
        yield "max_tokens"
    if sampling.temperature is not None:
        yield "temperature"
    if sampling.top_p is not None:
        yield "top_p"
    if sampling.stop:
        yield "stop"
    if choice.mode in {"any", "named"} or (choice.mode == "none" and draft.tools):
        yield "tool_choice"
    if not choice.parallel:
        yield "parallel_tool_calls"
    yield from draft.ignored
    if any(tool.strict for tool in conversation.tools):
        yield "strict"
    if conversation.reply_format.kind != "text":
        yield "response_format"
