"""What Anthropic's clients are answered."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from ki2api.protocols.anthropic import wire
from ki2api.protocols.anthropic.encode import STOP_REASONS
from ki2api.protocols.anthropic.errors import TABLE
from ki2api.protocols.anthropic.searching import ERROR_CODES
from ki2api.web.openapi.replies.usage import UsageFacts

_REASONS = sorted(set(STOP_REASONS.values()))
_TYPES = sorted({kind for _, kind in TABLE.values()})
StopReason: TypeAlias = Annotated[str, Meta(extra_json_schema={"enum": _REASONS})]
_SEARCH_CODES = sorted(ERROR_CODES.values())
ErrorCode: TypeAlias = Annotated[str, Meta(extra_json_schema={"enum": _SEARCH_CODES})]
ErrorType: TypeAlias = Annotated[str, Meta(extra_json_schema={"enum": _TYPES})]


class Citation(Struct, tag="web_search_result_location"):
    """A page that the words rest on, and what of its own words the search returned."""

    cited_text: str
    encrypted_index: str
    title: str
    url: str


class TextBlock(Struct, tag="text"):
    """Words; those that rest on a search are a block of their own."""

    text: str
    citations: list[Citation] | UnsetType = UNSET


class WebSearchError(Struct, tag="web_search_tool_result_error"):
    """Why a search failed."""

    error_code: ErrorCode


class WebSearchResultBlock(Struct, tag="web_search_tool_result"):
    """The pages that a search found, or why it failed."""

    tool_use_id: str
    content: list[wire.FoundPage] | WebSearchError


ReplyBlock: TypeAlias = (
    TextBlock
    | wire.ThinkingBlock
    | wire.RedactedThinkingBlock
    | wire.ToolUseBlock
    | wire.ServerToolUseBlock
    | WebSearchResultBlock
)


class ErrorDetail(Struct):
    """What went wrong."""

    type: ErrorType
    message: str
    details: dict[str, Any] | UnsetType = UNSET


class Error(Struct, tag="error"):
    """An error, as a whole body or, without a request's id, as the last event of a stream."""

    error: ErrorDetail
    request_id: str | UnsetType = UNSET


class ServerToolUse(Struct):
    """How often the web was searched."""

    web_search_requests: int
    web_fetch_requests: int


class OutputDetails(Struct):
    """What of the output were thoughts, by estimate."""

    thinking_tokens: int


class Usage(Struct):
    """Tokens of the reply; figures that nobody reported are left out."""

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | UnsetType = UNSET
    cache_read_input_tokens: int | UnsetType = UNSET
    ki2api: UsageFacts | UnsetType = UNSET
    server_tool_use: ServerToolUse | UnsetType = UNSET
    output_tokens_details: OutputDetails | UnsetType = UNSET


class Reply(Struct, tag="message"):
    """A whole reply."""

    id: str
    role: Literal["assistant"]
    model: str
    content: list[ReplyBlock]
    stop_reason: StopReason | None
    stop_sequence: str | None
    usage: Usage


class TextDelta(Struct, tag="text_delta"):
    """More words."""

    text: str


class ThinkingDelta(Struct, tag="thinking_delta"):
    """More thoughts."""

    thinking: str


class InputDelta(Struct, tag="input_json_delta"):
    """A piece of the JSON text of a tool's input."""

    partial_json: str


class SignatureDelta(Struct, tag="signature_delta"):
    """The signature of the thoughts."""

    signature: str


class CitationsDelta(Struct, tag="citations_delta"):
    """A page that the words of the block rest on."""

    citation: Citation


class Ending(Struct):
    """Why the reply ends."""

    stop_reason: StopReason
    stop_sequence: str | None


class MessageStart(Struct, tag="message_start"):
    """The reply begins; it has no content yet, and its usage is a guess."""

    message: Reply


class BlockStart(Struct, tag="content_block_start"):
    """A block begins; its deltas fill it."""

    index: int
    content_block: ReplyBlock


class BlockDelta(Struct, tag="content_block_delta"):
    """More of a block."""

    index: int
    delta: TextDelta | ThinkingDelta | InputDelta | SignatureDelta | CitationsDelta


class BlockStop(Struct, tag="content_block_stop"):
    """A block is complete."""

    index: int


class MessageDelta(Struct, tag="message_delta"):
    """The reply ends, and cost so much."""

    delta: Ending
    usage: Usage


class MessageStop(Struct, tag="message_stop"):
    """The stream ends."""


class Ping(Struct, tag="ping"):
    """Keeps a silent stream open."""


Event: TypeAlias = (
    MessageStart | BlockStart | BlockDelta | BlockStop | MessageDelta | MessageStop | Ping | Error
)


class ModelInfo(Struct, tag="model"):
    """A model, and how many tokens it reads and writes at most."""

    id: str
    display_name: str
    created_at: datetime
    lifecycle: str
    max_input_tokens: int | None
    max_tokens: int | None


class ModelPage(Struct):
    """Every model, on one page."""

    data: list[ModelInfo]
    has_more: bool
    first_id: str | None
    last_id: str | None


class TokenCount(Struct):
    """An estimate of the input tokens."""

    input_tokens: int
