"""What OpenAI's clients are answered."""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from ki2api.protocols.openai_chat import wire
from ki2api.protocols.openai_chat.encode import FINISH_REASONS
from ki2api.protocols.openai_errors import TABLE
from ki2api.web.openapi.replies.usage import UsageFacts

_REASONS = sorted(set(FINISH_REASONS.values()))
_TYPES = sorted({kind for _, kind, _ in TABLE.values()})
_CODES = sorted({code for *_, code in TABLE.values()})
FinishReason: TypeAlias = Annotated[str, Meta(extra_json_schema={"enum": _REASONS})]
ErrorType: TypeAlias = Annotated[str, Meta(extra_json_schema={"enum": _TYPES})]
ErrorCode: TypeAlias = Annotated[str, Meta(extra_json_schema={"enum": _CODES})]


class ErrorDetail(Struct):
    """What went wrong; `param` is the place in the caller's own body."""

    message: str
    type: ErrorType
    param: str | None
    code: ErrorCode


class Error(Struct):
    """An error, as a whole body or as the last event of a stream."""

    error: ErrorDetail


class PromptDetails(Struct):
    """What of the prompt the cache held; figures that nobody reported are left out."""

    cached_tokens: int | UnsetType = UNSET
    cache_write_tokens: int | UnsetType = UNSET


class CompletionDetails(Struct):
    """What of the completion were thoughts, by estimate."""

    reasoning_tokens: int


class Usage(Struct):
    """Tokens of the reply."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails | UnsetType = UNSET
    completion_tokens_details: CompletionDetails | UnsetType = UNSET
    ki2api: UsageFacts | UnsetType = UNSET


class Call(Struct):
    """A call of a tool."""

    id: str
    type: Literal["function"]
    function: wire.CalledFunction


class URLCitation(Struct):
    """Where in the text a link to a page stands, by characters."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(Struct):
    """A page that the words before its link rest on."""

    type: Literal["url_citation"]
    url_citation: URLCitation


class CompletionMessage(Struct):
    """What the model said."""

    role: Literal["assistant"]
    content: str | None
    refusal: None
    annotations: list[Annotation] | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[Call] | UnsetType = UNSET


class Choice(Struct):
    """The one choice there is."""

    index: int
    message: CompletionMessage
    logprobs: None
    finish_reason: FinishReason


class Completion(Struct):
    """A whole reply."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class FunctionPiece(Struct):
    """More of a call: its name comes once, then its arguments, a piece of JSON text each time."""

    arguments: str
    name: str | UnsetType = UNSET


class CallPiece(Struct):
    """More of the call with this index; its id and type come once."""

    index: int
    function: FunctionPiece
    id: str | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET


class Delta(Struct):
    """What a chunk adds to the message."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    annotations: list[Annotation] | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[CallPiece] | UnsetType = UNSET


class ChunkChoice(Struct):
    """More of the one choice there is."""

    index: int
    delta: Delta
    finish_reason: FinishReason | None


class Chunk(Struct):
    """One event of a stream."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | UnsetType | None = UNSET


class Model(Struct):
    """A model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(Struct):
    """Every model."""

    object: Literal["list"]
    data: list[Model]
