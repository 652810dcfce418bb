"""The request of GenerateAssistantResponse as its service model states it (docs/kiro.md §3.1).

Unknown members inside are ignored, as Smithy services do; null means absent.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Origin = Literal[
    "AI_EDITOR",
    "KIRO_CLI",
    "CLI",
    "KIRO_WEB",
    "IDE",
    "CHATBOT",
    "CONSOLE",
    "DOCUMENTATION",
    "GITLAB",
    "INLINE_CHAT",
    "MARKETING",
    "MD",
    "MD_CE",
    "MD_IDE",
    "MOBILE",
    "OPENSEARCH_DASHBOARD",
    "Q_DEV_BEXT",
    "SAGE_MAKER",
    "SERVICE_INTERNAL",
    "SM_AI_STUDIO_IDE",
    "UNIFIED_SEARCH",
    "UNKNOWN",
]  # fmt: skip - a list of words reads best as a block
Intent = Literal[
    "SUGGEST_ALTERNATE_IMPLEMENTATION",
    "APPLY_COMMON_BEST_PRACTICES",
    "IMPROVE_CODE",
    "SHOW_EXAMPLES",
    "CITE_SOURCES",
    "EXPLAIN_LINE_BY_LINE",
    "EXPLAIN_CODE_SELECTION",
    "GENERATE_CLOUDFORMATION_TEMPLATE",
    "GENERATE_UNIT_TESTS",
    "CODE_GENERATION",
]  # fmt: skip - as above


class Wire(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A structure of the service model."""


class Source(Wire, frozen=True):
    """Bytes as base64."""

    bytes: str


class Image(Wire, frozen=True):
    """A picture; the format is checked by the picture rules, which have reasons of their own."""

    format: str
    source: Source


class Document(Wire, frozen=True):
    """A file for the model to read."""

    name: str
    format: str
    source: Source


class CachePoint(Wire, frozen=True):
    """A mark for the prompt cache."""

    type: Literal["default"]


class ClientCacheConfig(Wire, frozen=True):
    """How far the caller's own marks for the prompt cache count."""

    use_client_caching_only: bool | None = None


class InputSchema(Wire, frozen=True):
    """The JSON Schema of a tool's arguments."""

    json: Any


class ToolSpecification(Wire, frozen=True):
    """A tool that the model may call."""

    name: str
    input_schema: InputSchema
    description: str | None = None


class ToolEntry(Wire, frozen=True):
    """One entry of the tool list: a tool, or a cache point."""

    tool_specification: ToolSpecification | None = None
    cache_point: CachePoint | None = None


class ResultContent(Wire, frozen=True):
    """A piece of what a tool brought."""

    text: str | None = None
    json: Any | UnsetType = UNSET


class ToolResult(Wire, frozen=True):
    """What a tool brought."""

    tool_use_id: str
    content: list[ResultContent]
    status: Literal["success", "error"] | None = None
    tool_name: str | None = None


class EnvironmentVariable(Wire, frozen=True):
    """One variable of the caller's shell."""

    key: str | None = None
    value: str | None = None


class EnvState(Wire, frozen=True):
    """The caller's machine."""

    operating_system: str | None = None
    current_working_directory: Annotated[str, Meta(max_length=256)] | None = None
    environment_variables: list[EnvironmentVariable] | None = None
    timezone_offset: int | None = None


class UserContext(Wire, frozen=True):
    """What a user message carries beside its words."""

    tools: list[ToolEntry] | None = None
    tool_results: list[ToolResult] | None = None
    env_state: EnvState | None = None


class UserMessage(Wire, frozen=True):
    """A turn of the user."""

    content: str
    user_input_message_context: UserContext | None = None
    user_intent: Intent | None = None
    origin: Origin | None = None
    images: list[Image] | None = None
    documents: list[Document] | None = None
    model_id: str | None = None
    cache_point: CachePoint | None = None
    client_cache_config: ClientCacheConfig | None = None

    @property
    def results(self) -> list[ToolResult]:
        """Its tool results."""
        context = self.user_input_message_context
        return (context.tool_results if context else None) or []

    @property
    def tools(self) -> list[ToolEntry]:
        """Its tool list."""
        context = self.user_input_message_context
        return (context.tools if context else None) or []

    @property
    def specifications(self) -> list[ToolSpecification]:
        """The tools of its tool list."""
        return [entry.tool_specification for entry in self.tools if entry.tool_specification]


class ToolUse(Wire, frozen=True):
    """A tool call of the model."""

    tool_use_id: str
    name: str
    input: Any


class ReasoningText(Wire, frozen=True):
    """Thoughts in words, signed by the model that had them."""

    text: str
    signature: str | None = None


class ReasoningContent(Wire, frozen=True):
    """Thoughts, in words or as a blob that only the service can read."""

    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class AssistantMessage(Wire, frozen=True):
    """A turn of the model."""

    content: str
    message_id: str | None = None
    tool_uses: list[ToolUse] | None = None
    reasoning_content: ReasoningContent | None = None
    cache_point: CachePoint | None = None

    @property
    def uses(self) -> list[ToolUse]:
        """Its tool calls."""
        return self.tool_uses or []


class Message(Wire, frozen=True):
    """A turn: exactly one of the two members."""

    user_input_message: UserMessage | None = None
    assistant_response_message: AssistantMessage | None = None

    @property
    def user(self) -> UserMessage | None:
        """The turn as the user's."""
        return self.user_input_message

    @property
    def assistant(self) -> AssistantMessage | None:
        """The turn as the model's."""
        return self.assistant_response_message


class ConversationState(Wire, frozen=True):
    """The conversation: all turns but the last, and the last."""

    current_message: Message
    chat_trigger_type: str
    conversation_id: str | None = None
    workspace_id: str | None = None
    history: list[Message] | None = None
    customization_arn: str | None = None
    agent_continuation_id: str | None = None
    agent_task_type: Literal["vibe", "spectask"] | None = None

    @property
    def turns(self) -> list[Message]:
        """Every turn, the last one too."""
        return [*(self.history or []), self.current_message]


class Ask(Wire, frozen=True):
    """The whole request."""

    conversation_state: ConversationState
    profile_arn: str | None = None
    additional_model_request_fields: dict[str, Any] | None = None
