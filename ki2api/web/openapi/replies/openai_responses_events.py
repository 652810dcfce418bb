"""The events by which clients of the Responses API are answered."""

from typing import Any, TypeAlias

from msgspec import Struct

from ki2api.web.openapi.replies.openai_chat import ErrorDetail
from ki2api.web.openapi.replies.openai_responses import (
    OutputItem,
    OutputText,
    Response,
    SummaryText,
    URLCitation,
)


class _Numbered(Struct, kw_only=True):
    sequence_number: int


class _OfItem(_Numbered, kw_only=True):
    item_id: str
    output_index: int


class Created(_Numbered, tag="response.created", kw_only=True):
    """The reply begins."""

    response: Response


class InProgress(_Numbered, tag="response.in_progress", kw_only=True):
    """The reply is being made."""

    response: Response


class ItemAdded(_Numbered, tag="response.output_item.added", kw_only=True):
    """An item begins; what follows fills it."""

    output_index: int
    item: OutputItem


class ItemDone(_Numbered, tag="response.output_item.done", kw_only=True):
    """An item is complete."""

    output_index: int
    item: OutputItem


class PartAdded(_OfItem, tag="response.content_part.added", kw_only=True):
    """Words begin."""

    content_index: int
    part: OutputText


class TextDelta(_OfItem, tag="response.output_text.delta", kw_only=True):
    """More words."""

    content_index: int
    delta: str
    logprobs: list[Any]


class TextDone(_OfItem, tag="response.output_text.done", kw_only=True):
    """All words."""

    content_index: int
    text: str
    logprobs: list[Any]


class PartDone(_OfItem, tag="response.content_part.done", kw_only=True):
    """The words are complete."""

    content_index: int
    part: OutputText


class SummaryAdded(_OfItem, tag="response.reasoning_summary_part.added", kw_only=True):
    """Thoughts begin."""

    summary_index: int
    part: SummaryText


class SummaryDelta(_OfItem, tag="response.reasoning_summary_text.delta", kw_only=True):
    """More thoughts."""

    summary_index: int
    delta: str


class SummaryTextDone(_OfItem, tag="response.reasoning_summary_text.done", kw_only=True):
    """All thoughts."""

    summary_index: int
    text: str


class SummaryDone(_OfItem, tag="response.reasoning_summary_part.done", kw_only=True):
    """The thoughts are complete."""

    summary_index: int
    part: SummaryText


class ArgumentsDelta(_OfItem, tag="response.function_call_arguments.delta", kw_only=True):
    """A piece of the JSON text of a call's arguments."""

    delta: str


class ArgumentsDone(_OfItem, tag="response.function_call_arguments.done", kw_only=True):
    """All arguments of a call."""

    arguments: str
    name: str


class InputDelta(_OfItem, tag="response.custom_tool_call_input.delta", kw_only=True):
    """More of a tool's free text."""

    delta: str


class InputDone(_OfItem, tag="response.custom_tool_call_input.done", kw_only=True):
    """All of a tool's free text."""

    input: str


class AnnotationAdded(_OfItem, tag="response.output_text.annotation.added", kw_only=True):
    """The words rest on a page."""

    content_index: int
    annotation_index: int
    annotation: URLCitation


class SearchBegun(_OfItem, tag="response.web_search_call.in_progress", kw_only=True):
    """A search begins."""


class Searching(_OfItem, tag="response.web_search_call.searching", kw_only=True):
    """The web is searched."""


class SearchDone(_OfItem, tag="response.web_search_call.completed", kw_only=True):
    """A search is complete."""


class Compacting(_OfItem, tag="response.compaction.compacting", kw_only=True):
    """The model writes a summary."""


class Completed(_Numbered, tag="response.completed", kw_only=True):
    """The reply is complete."""

    response: Response


class EndedEarly(_Numbered, tag="response.incomplete", kw_only=True):
    """The reply ends before it is complete."""

    response: Response


class Failed(_Numbered, tag="response.failed", kw_only=True):
    """There is no reply, or only the beginning of one."""

    response: Response


class ErrorEvent(_Numbered, tag="error", kw_only=True):
    """What went wrong, twice, since clients look for it in two places."""

    code: str
    message: str
    param: str | None
    error: ErrorDetail


Event: TypeAlias = (
    Created
    | InProgress
    | ItemAdded
    | PartAdded
    | TextDelta
    | TextDone
    | PartDone
    | SummaryAdded
    | SummaryDelta
    | SummaryTextDone
    | SummaryDone
    | ArgumentsDelta
    | ArgumentsDone
    | InputDelta
    | InputDone
    | AnnotationAdded
    | SearchBegun
    | Searching
    | SearchDone
    | Compacting
    | ItemDone
    | Completed
    | EndedEarly
    | Failed
    | ErrorEvent
)
