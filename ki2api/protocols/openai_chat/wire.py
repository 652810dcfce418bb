"""What an OpenAI client sends: the structs of POST /v1/chat/completions."""

from typing import Any, Literal, TypeAlias

import msgspec

from ki2api.protocols.reading import NULL, UNKNOWN, Tools, Turns


class TextContent(msgspec.Struct, tag="text"):
    """Words."""

    text: str


class RefusalContent(msgspec.Struct, tag="refusal"):
    """Words of a model that refused."""

    refusal: str


class ImageURL(msgspec.Struct):
    """A picture by its address, or as a data: URL."""

    url: str


class ImageContent(msgspec.Struct, tag="image_url"):
    """A picture."""

    image_url: ImageURL | str


class File(msgspec.Struct):
    """A file: a data: URL or bare base64; an id is of no use here."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FileContent(msgspec.Struct, tag="file"):
    """A file for the model to read."""

    file: File


class UnknownContent(msgspec.Struct, tag=UNKNOWN):
    """Anything else."""


ContentPart: TypeAlias = TextContent | RefusalContent | ImageContent | FileContent | UnknownContent
Content: TypeAlias = str | list[ContentPart] | None
KNOWN_TYPES = frozenset({"text", "refusal", "image_url", "file"})


class CalledFunction(msgspec.Struct):
    """A function's name and the JSON text of its arguments."""

    name: str
    arguments: str = ""


class ToolCall(msgspec.Struct):
    """A call in an assistant's message."""

    id: str
    function: CalledFunction | None = None
    type: str = "function"


class SystemMessage(msgspec.Struct, tag_field="role", tag="system"):
    """What the model should be."""

    content: Content = None


class DeveloperMessage(msgspec.Struct, tag_field="role", tag="developer"):
    """The newer name of a system message."""

    content: Content = None


class UserMessage(msgspec.Struct, tag_field="role", tag="user"):
    """What the user says."""

    content: Content = None


class AssistantMessage(msgspec.Struct, tag_field="role", tag="assistant"):
    """What the model said; `reasoning_content` is the de-facto field of its thoughts."""

    content: Content = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Any = None


class ToolMessage(msgspec.Struct, tag_field="role", tag="tool"):
    """What a tool gave."""

    tool_call_id: str
    content: Content = None


class FunctionMessage(msgspec.Struct, tag_field="role", tag="function"):
    """The form of a tool's result before there were tools; refused."""


Message: TypeAlias = (
    SystemMessage
    | DeveloperMessage
    | UserMessage
    | AssistantMessage
    | ToolMessage
    | FunctionMessage
)


class Function(msgspec.Struct):
    """A function that the model may call."""

    name: str
    description: str | None = None
    # A factory, since a raw default cannot be said in JSON Schema.
    parameters: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    strict: bool | None = None


class Tool(msgspec.Struct):
    """A tool; only functions are served."""

    type: str
    function: Function | None = None


class NamedFunction(msgspec.Struct):
    """A function by its name."""

    name: str


class NamedTool(msgspec.Struct):
    """A tool by its name."""

    type: str
    function: NamedFunction | None = None


class AllowedTools(msgspec.Struct):
    """The tools that may be called this time."""

    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class ToolChoice(NamedTool):
    """One tool that must be called, or some of which one may or must be."""

    allowed_tools: AllowedTools | None = None


class JSONSchema(msgspec.Struct):
    """The schema that the words of the reply must fit."""

    name: str
    description: str | None = None
    schema: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    strict: bool | None = None


class ResponseFormat(msgspec.Struct):
    """The form that the words of the reply must have."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JSONSchema | None = None


class StreamOptions(msgspec.Struct):
    """What a stream should bring besides the reply."""

    include_usage: bool | None = None


class WebSearchOptions(msgspec.Struct):
    """Leave to search the web."""

    search_context_size: Any = None
    user_location: Any = None


class ChatRequest(msgspec.Struct, kw_only=True):
    """The body of POST /v1/chat/completions."""

    model: str
    messages: Turns[Message]
    tools: Tools[Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    web_search_options: WebSearchOptions | None = None

    audio: Any = None
    function_call: Any = None
    functions: Any = None
    logprobs: Any = None
    modalities: Any = None
    moderation: Any = None
    n: Any = None
    top_logprobs: Any = None

    frequency_penalty: Any = None
    logit_bias: Any = None
    metadata: Any = None
    prediction: Any = None
    presence_penalty: Any = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    seed: Any = None
    service_tier: Any = None
    store: Any = None
    top_k: Any = None
    verbosity: Any = None
