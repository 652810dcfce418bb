"""What clients of the Responses API are answered."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ki2api.protocols.openai_responses.output import INCOMPLETE
from ki2api.web.openapi.replies.openai_chat import ErrorDetail
from ki2api.web.openapi.replies.usage import UsageFacts

_WHYS = sorted(set(INCOMPLETE.values()))
Why: TypeAlias = Annotated[str, Meta(extra_json_schema={"enum": _WHYS})]
Status: TypeAlias = Literal["in_progress", "completed", "incomplete", "failed"]


class URLCitation(Struct, tag="url_citation"):
    """A page of the web that the words rest on, and where the link to it stands in them."""

    start_index: int
    end_index: int
    title: str
    url: str


class OutputText(Struct, tag="output_text"):
    """Words."""

    annotations: list[URLCitation]
    logprobs: list[Any]
    text: str


class SummaryText(Struct, tag="summary_text"):
    """Thoughts."""

    text: str


class OutputMessage(Struct, tag="message"):
    """What the model said."""

    id: str
    status: Status
    content: list[OutputText]
    role: Literal["assistant"]


class ReasoningItem(Struct, tag="reasoning"):
    """What the model thought; the encrypted content comes if it was asked for."""

    id: str
    summary: list[SummaryText]
    encrypted_content: str | UnsetType | None = UNSET


class FunctionCallItem(Struct, tag="function_call"):
    """A call of a function."""

    id: str
    status: Status
    arguments: str
    call_id: str
    name: str
    namespace: str | UnsetType = UNSET


class CustomToolCallItem(Struct, tag="custom_tool_call"):
    """A call of a tool that takes free text."""

    id: str
    status: Status
    input: str
    call_id: str
    name: str
    namespace: str | UnsetType = UNSET


class Source(Struct, tag="url"):
    """A page that a search found."""

    url: str


class SearchAction(Struct, tag="search"):
    """What was searched for, and found."""

    query: str
    queries: list[str]
    sources: list[Source] | UnsetType = UNSET


class WebSearchItem(Struct, tag="web_search_call"):
    """A search of the web that was run on the way to the reply."""

    id: str
    status: Status
    action: SearchAction


class CompactionItem(Struct, tag="compaction"):
    """A summary of the conversation, in a form of this gateway's own."""

    id: str
    encrypted_content: str


OutputItem: TypeAlias = (
    OutputMessage
    | ReasoningItem
    | FunctionCallItem
    | CustomToolCallItem
    | WebSearchItem
    | CompactionItem
)


class InputDetails(Struct):
    """What of the input the cache held; 0 also where nobody reported it."""

    cached_tokens: int
    cache_write_tokens: int


class OutputDetails(Struct):
    """What of the output were thoughts; Kiro does not report it, so it is 0."""

    reasoning_tokens: int


class ResponseUsage(Struct):
    """Tokens of the reply."""

    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: OutputDetails
    total_tokens: int
    ki2api: UsageFacts | UnsetType = UNSET


class Incomplete(Struct):
    """Why the reply is not complete."""

    reason: Why


class Failure(Struct):
    """Why there is no reply."""

    code: str
    message: str


class Response(Struct):
    """A reply, with the settings of its request repeated."""

    id: str
    object: Literal["response"]
    created_at: int
    status: Status
    background: bool
    error: Failure | None
    incomplete_details: Incomplete | None
    model: str
    output: list[OutputItem]
    service_tier: None
    top_logprobs: int
    usage: ResponseUsage | None
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    metadata: dict[str, Any]
    parallel_tool_calls: bool
    previous_response_id: str | None
    prompt_cache_key: str | None
    reasoning: dict[str, Any]
    safety_identifier: str | None
    store: bool
    temperature: float | None
    text: dict[str, Any]
    tool_choice: str | dict[str, Any]
    tools: list[dict[str, Any]]
    top_p: float | None
    truncation: str
    user: str | None


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


class Compaction(Struct):
    """A shorter conversation: what the user said, and an item with a summary."""

    id: str
    object: Literal["response.compaction"]
    created_at: int
    output: list[dict[str, Any]]
    usage: ResponseUsage


class Deleted(Struct):
    """A reply is forgotten."""

    id: str
    object: Literal["response"]
    deleted: bool


class ItemList(Struct):
    """One page of items."""

    object: Literal["list"]
    data: list[dict[str, Any]] = field(default_factory=list)
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool = False
