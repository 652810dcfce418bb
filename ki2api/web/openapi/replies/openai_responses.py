"""What clients of the Responses API are answered."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ki2api.protocols.openai_responses.output import INCOMPLETE
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
    """What of the output were thoughts, by estimate."""

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


class InputTokens(Struct):
    """How many tokens a request would take, by estimate."""

    input_tokens: int
    object: Literal["response.input_tokens"]


class ItemList(Struct):
    """One page of items."""

    object: Literal["list"]
    data: list[dict[str, Any]] = field(default_factory=list)
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool = False
