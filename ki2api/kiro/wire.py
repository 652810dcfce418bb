"""The structs of generateAssistantResponse, both directions (docs/kiro.md §3.1, §4.4).

Lists that are empty are left out (H14), since every list has a default and defaults are omitted.
None of these can hold itself: the garbage collector is not told of them.
"""

from typing import Any, Literal

import msgspec


class _Sent(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """What goes to Kiro."""


class ImageSource(_Sent, frozen=True):
    """The bytes of an image, as base64."""

    bytes: str


class Image(_Sent, frozen=True):
    """An image of a user message."""

    format: str
    source: ImageSource


class DocumentSource(_Sent, frozen=True):
    """The bytes of a document, as base64."""

    bytes: str


class Document(_Sent, frozen=True):
    """A file of a user message."""

    name: str
    format: str
    source: DocumentSource


class ResultText(_Sent, frozen=True):
    """One piece of a tool result."""

    text: str


class ToolResult(_Sent, frozen=True):
    """What running a tool gave."""

    tool_use_id: str
    content: tuple[ResultText, ...]
    status: Literal["success", "error"]


class InputSchema(_Sent, frozen=True):
    """The JSON Schema of a tool's input."""

    json: msgspec.Raw


class ToolSpecification(_Sent, frozen=True):
    """A tool that the model may call."""

    name: str
    description: str
    input_schema: InputSchema


class Tool(_Sent, frozen=True):
    """The envelope of a tool specification."""

    tool_specification: ToolSpecification


class UserInputMessageContext(_Sent, frozen=True):
    """What hangs on a user message besides its words."""

    tools: tuple[msgspec.Raw, ...] = ()
    """Each a Tool that was written before."""
    tool_results: tuple[ToolResult, ...] = ()


class UserInputMessage(_Sent, frozen=True):
    """What the user says."""

    content: str
    model_id: str
    origin: str
    images: tuple[Image, ...] = ()
    documents: tuple[Document, ...] = ()
    user_input_message_context: UserInputMessageContext | None = None


class ToolUse(_Sent, frozen=True):
    """A tool call of the model."""

    tool_use_id: str
    name: str
    input: dict[str, Any]


class ReasoningText(_Sent, frozen=True):
    """Thoughts in words, with the signature that the model gave them."""

    text: str
    signature: str


class ReasoningContent(_Sent, frozen=True):
    """What the model thought: in words, or as an opaque blob."""

    reasoning_text: ReasoningText | None = None
    redacted_content: str = ""


class AssistantResponseMessage(_Sent, frozen=True):
    """What the model said."""

    content: str
    tool_uses: tuple[ToolUse, ...] = ()
    reasoning_content: ReasoningContent | None = None


class UserMessage(_Sent, frozen=True):
    """The user variant of a ChatMessage."""

    user_input_message: UserInputMessage


class AssistantMessage(_Sent, frozen=True):
    """The assistant variant of a ChatMessage."""

    assistant_response_message: AssistantResponseMessage


class ConversationState(_Sent, frozen=True):
    """The whole conversation, sent anew with each request."""

    chat_trigger_type: str
    agent_task_type: str
    conversation_id: str
    agent_continuation_id: str
    current_message: UserMessage
    history: tuple[UserMessage | AssistantMessage, ...] = ()


class Effort(_Sent, frozen=True):
    """How much the model should spend."""

    effort: str


class Thinking(_Sent, frozen=True):
    """Whether the model should think, and how its thoughts should come."""

    type: str
    display: str | None = None


class ModelFields(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What goes to the model itself, past Kiro, and so is written in the model's own way (§3.6)."""

    thinking: Thinking | None = None
    output_config: Effort | None = None
    reasoning: Effort | None = None
    max_tokens: int | None = None


class Request(_Sent, frozen=True):
    """The body of generateAssistantResponse."""

    conversation_state: ConversationState
    profile_arn: str = ""
    additional_model_request_fields: ModelFields | None = None


class _Received(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What comes from Kiro. Every field may be missing or null."""


class TextEvent(_Received, frozen=True, gc=False):
    """The payload of assistantResponseEvent: a delta, never the text so far."""

    content: str | None = None


class ReasoningEvent(_Received, frozen=True, gc=False):
    """The payload of reasoningContentEvent."""

    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class ToolUseEvent(_Received, frozen=True, gc=False):
    """The payload of toolUseEvent; `input` is a piece of JSON text, or rarely a whole object."""

    tool_use_id: str | None = None
    name: str | None = None
    input: Any = None
    stop: bool | None = None


class ContextUsageEvent(_Received, frozen=True, gc=False):
    """The payload of contextUsageEvent."""

    context_usage_percentage: float | None = None


class MeteringEvent(_Received, frozen=True, gc=False):
    """The payload of meteringEvent."""

    usage: float | None = None


class TokenUsage(_Received, frozen=True, gc=False):
    """The counts in a metadataEvent, which few accounts are sent."""

    uncached_input_tokens: float | None = None
    output_tokens: float | None = None
    cache_read_input_tokens: float | None = None
    cache_write_input_tokens: float | None = None
    context_usage_percentage: float | None = None


class MetadataEvent(_Received, frozen=True, gc=False):
    """The payload of metadataEvent."""

    token_usage: TokenUsage | None = None
    stop_reason: str | None = None
