"""What a client of OpenAI's Responses API sends: the structs of POST /v1/responses.

Items and tools are left raw there, since each kind has a struct of its own, many stand without a
type, and a reply that is kept wants them as they came.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from ki2api.protocols.reading import NULL, Tools, Turns


class ImageURL(msgspec.Struct):
    """A picture by its address, in the form of Chat Completions."""

    url: str


class Content(msgspec.Struct):
    """A part of a message or of what a tool gave; `type` says which fields count."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | ImageURL | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None


Contents: TypeAlias = str | list[Content] | None


class Kind(msgspec.Struct):
    """What tells one kind of item from another; a message and a reference may have no type."""

    type: str | None = None
    role: str | None = None
    id: str | None = None


class Message(msgspec.Struct):
    """A message."""

    role: Literal["user", "assistant", "system", "developer"]
    content: Contents = None


class AgentMessage(msgspec.Struct):
    """What one agent of Codex tells another (seen 2026-11)."""

    author: str = ""
    recipient: str = ""
    content: Contents = None


class FunctionCall(msgspec.Struct):
    """A call of a function; of one in a namespace, both are named."""

    call_id: str
    name: str
    arguments: str = ""
    namespace: str | None = None


class CustomToolCall(msgspec.Struct):
    """A call of a tool that takes free text."""

    call_id: str
    name: str
    input: str = ""
    namespace: str | None = None


class CallOutput(msgspec.Struct):
    """What a tool gave."""

    call_id: str
    output: Contents = None


class LocalShellCall(msgspec.Struct):
    """A command that an earlier reply wanted run."""

    call_id: str
    action: msgspec.Raw


class LocalShellOutput(msgspec.Struct):
    """What the command gave; its id is the call's."""

    id: str = ""
    call_id: str = ""
    output: str = ""


class Reasoning(msgspec.Struct):
    """What the model thought."""

    summary: list[Content] | None = None
    content: list[Content] | None = None
    encrypted_content: str | None = None


class ItemReference(msgspec.Struct):
    """An item of a reply that is kept."""

    id: str


class Compaction(msgspec.Struct):
    """A conversation made shorter."""

    encrypted_content: str = ""


class AdditionalTools(msgspec.Struct):
    """Tools that are told among the items (Codex, seen 2026-09)."""

    tools: list[msgspec.Raw]


class Filters(msgspec.Struct):
    """Where a web search may look."""

    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None


class CustomFormat(msgspec.Struct):
    """What the free text of a custom tool must look like."""

    type: str = "text"
    syntax: str = ""
    definition: str = ""


class Tool(msgspec.Struct):
    """A tool; `type` says which fields count."""

    type: str
    name: str | None = None
    description: str | None = None
    # A factory, since a raw default cannot be said in JSON Schema.
    parameters: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    strict: bool | None = None
    defer_loading: bool | None = None
    format: CustomFormat | None = None
    tools: list[msgspec.Raw] | None = None
    filters: Filters | None = None
    external_web_access: bool | None = None
    search_context_size: Any = None
    user_location: Any = None


class NamedTool(msgspec.Struct):
    """A tool by its name; those that OpenAI runs have none."""

    type: str
    name: str | None = None
    namespace: str | None = None


class ToolChoice(NamedTool):
    """One tool that must be called, or some of which one may or must be."""

    mode: Literal["auto", "required"] = "auto"
    tools: list[NamedTool] | None = None


class Reasons(msgspec.Struct):
    """How much to think, and whether to tell of it."""

    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None
    context: Any = None


class Format(msgspec.Struct):
    """The form of the reply's words."""

    type: str = "text"
    name: str = ""
    description: str | None = None
    schema: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    strict: bool | None = None


class Text(msgspec.Struct):
    """The form and the length of the reply's words."""

    format: Format | None = None
    verbosity: Any = None


class ResponsesRequest(msgspec.Struct, kw_only=True):
    """The body of POST /v1/responses."""

    model: str
    input: str | Turns[msgspec.Raw] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    tools: Tools[msgspec.Raw] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    text: Text | None = None
    reasoning: Reasons | None = None
    include: list[str] | None = None
    metadata: dict[str, Any] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    stream: bool | None = None

    client_metadata: Any = None
    """What Codex tells OpenAI of its session (seen 2026-11)."""

    background: Any = None
    conversation: Any = None
    moderation: Any = None
    prompt: Any = None
    top_logprobs: Any = None

    access_programs: Any = None
    background_options: Any = None
    context_management: Any = None
    image: Any = None
    max_tool_calls: int | None = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    service_tier: Any = None
    truncation: str | None = None
