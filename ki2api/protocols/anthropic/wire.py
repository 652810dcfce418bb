"""What an Anthropic client sends: the structs of POST /v1/messages and its count_tokens."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from ki2api.protocols.reading import NULL, UNKNOWN, Tools, Turns


class Source(msgspec.Struct):
    """Where a picture is: in base64, by its address, or by the id of a file."""

    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""


class TextBlock(msgspec.Struct, tag="text"):
    """Words; of its citations, only that there are some matters when they come back."""

    text: str
    citations: list[Any] | None = None


class SystemText(msgspec.Struct, kw_only=True):
    """Words of the system prompt: nothing else stands there, so their type may be left out."""

    type: Literal["text"] = "text"
    text: str


class ImageBlock(msgspec.Struct, tag="image"):
    """A picture."""

    source: Source


class DocumentSource(Source):
    """Where a document is: besides the same it may be text, or content of its own."""

    content: "str | list[TextBlock | ImageBlock] | None" = None


class Citations(msgspec.Struct):
    """Whether the reply should cite a document."""

    enabled: bool | None = None


class DocumentBlock(msgspec.Struct, tag="document"):
    """A file for the model to read."""

    source: DocumentSource
    title: str | None = None
    context: str | None = None
    citations: Citations | None = None


class ThinkingBlock(msgspec.Struct, tag="thinking"):
    """What the model thought in an earlier turn."""

    thinking: str = ""
    signature: str = ""


class RedactedThinkingBlock(msgspec.Struct, tag="redacted_thinking"):
    """The same in an opaque form."""

    data: str


class ToolUseBlock(msgspec.Struct, tag="tool_use"):
    """A call of a client's tool."""

    id: str
    name: str
    input: msgspec.Raw


class ToolReferenceBlock(msgspec.Struct, tag="tool_reference"):
    """A tool that a search of the client found; it stands in a tool result."""

    tool_name: str


class ServerToolUseBlock(msgspec.Struct, tag="server_tool_use"):
    """A call of a tool that the server ran; here, a search of the web."""

    id: str
    name: str
    input: msgspec.Raw


class FoundPage(msgspec.Struct, kw_only=True):
    """A page that a search found."""

    type: Literal["web_search_result"] = "web_search_result"
    url: str
    title: str = ""
    encrypted_content: str = ""
    page_age: str | None = None


class WebSearchError(msgspec.Struct, kw_only=True):
    """Why a search failed."""

    type: Literal["web_search_tool_result_error"] = "web_search_tool_result_error"
    error_code: str


class WebSearchResultBlock(msgspec.Struct, tag="web_search_tool_result"):
    """What a search of the web gave."""

    tool_use_id: str
    content: list[FoundPage] | WebSearchError


class Tool(msgspec.Struct):
    """A client's tool, or by its `type` one that Anthropic would run: the web search is served."""

    name: str = ""
    type: str | None = None
    description: str | None = None
    # A factory, since a raw default cannot be said in JSON Schema.
    input_schema: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    defer_loading: bool | None = None
    max_uses: Annotated[int, msgspec.Meta(ge=1)] | None = None
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None
    user_location: Any = None
    strict: bool | None = None


class ChangedTool(msgspec.Struct):
    """Which tool a change speaks of: one that is listed by its name, or one that is given whole."""

    type: str
    name: str = ""
    definition: Tool | None = None


class ToolAdditionBlock(msgspec.Struct, tag="tool_addition"):
    """From here on the model may call a tool; it stands in a system message."""

    tool: ChangedTool


class ToolRemovalBlock(msgspec.Struct, tag="tool_removal"):
    """From here on a tool is withdrawn."""

    tool: ChangedTool


ToolChange: TypeAlias = ToolAdditionBlock | ToolRemovalBlock


class UnknownBlock(msgspec.Struct, tag=UNKNOWN):
    """Anything else."""


class ToolResultBlock(msgspec.Struct, tag="tool_result"):
    """What a client's tool gave."""

    tool_use_id: str
    content: "str | list[Block] | None" = None
    is_error: bool | None = None


Block: TypeAlias = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolReferenceBlock
    | ToolAdditionBlock
    | ToolRemovalBlock
    | ToolResultBlock
    | ServerToolUseBlock
    | WebSearchResultBlock
    | UnknownBlock
)
KNOWN_TYPES = frozenset(
    {
        "text",
        "image",
        "document",
        "thinking",
        "redacted_thinking",
        "tool_use",
        "tool_reference",
        "tool_addition",
        "tool_removal",
        "tool_result",
        "server_tool_use",
        "web_search_tool_result",
    }
)


class OutputFormat(msgspec.Struct):
    """The form that the words of the reply must have."""

    type: Literal["json_schema"]
    schema: msgspec.Raw


class OutputConfig(msgspec.Struct):
    """How much effort to spend, and in which form to answer."""

    effort: str | None = None
    format: OutputFormat | None = None
    task_budget: Any = None


class Message(msgspec.Struct):
    """One message. Claude Code also sends system messages in between (seen 2026-11)."""

    role: Literal["user", "assistant", "system"]
    content: str | list[Block] | None = None
    output_config: OutputConfig | None = None
    clear_at: str | None = None


class ToolChoice(msgspec.Struct):
    """Whether and which tools to call."""

    type: Literal["auto", "any", "tool", "none"]
    name: str = ""
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct):
    """How much to think."""

    type: Literal["enabled", "adaptive", "between_tools", "disabled"]
    budget_tokens: int | None = None
    display: str | None = None


class Thread(msgspec.Struct):
    """A conversation kept by the server: created, or continued by the last reply's id."""

    type: str


class Metadata(msgspec.Struct):
    """Who asks."""

    user_id: str | None = None


class CountRequest(msgspec.Struct, kw_only=True):
    """The body of POST /v1/messages/count_tokens: what a message takes, and no duty to limit it."""

    model: str
    messages: Turns[Message]
    system: str | list[SystemText] | None = None
    tools: Tools[Tool] | None = None
    tool_choice: ToolChoice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    thread: Thread | None = None
    metadata: Metadata | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None

    mcp_servers: Any = None

    billing_policy: Any = None
    compaction: Any = None
    container: Any = None
    context_management: Any = None
    diagnostics: Any = None
    fallback_credit_token: Any = None
    fallbacks: Any = None
    inference_geo: Any = None
    service_tier: Any = None
    speed: Any = None
    top_k: Any = None


class MessagesRequest(CountRequest, kw_only=True):
    """The body of POST /v1/messages."""

    max_tokens: int
