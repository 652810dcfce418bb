"""What is asked, in one form for every client dialect.

`at` on each value is its place in the caller's own JSON, such as `messages[3].content[0]`, so that
a refusal can name it however far the value has travelled. A request may have thousands of parts,
none of which can hold itself: the garbage collector is not told of them.
"""

from operator import attrgetter
from typing import Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["user", "assistant"]
ImageFormat: TypeAlias = Literal["png", "jpeg", "gif", "webp"]


class WebPage(msgspec.Struct, frozen=True):
    """A page that a search of the web found; `published` is in Unix seconds.

    `number` is what the model knows it by. All but that are words of the search, not checked.
    """

    number: int
    url: str
    title: str
    snippet: str = ""
    published: float | None = None


class TextPart(msgspec.Struct, frozen=True, tag="text", gc=False):
    """Words, and the pages of a search that they rest on."""

    text: str
    at: str = ""
    citations: tuple[WebPage, ...] = ()


class ImagePart(msgspec.Struct, frozen=True, tag="image", gc=False):
    """A picture as base64 without a data: prefix; `format` is what the caller declared."""

    format: ImageFormat
    data: str
    at: str = ""


class ImageLinkPart(msgspec.Struct, frozen=True, tag="image-link", gc=False):
    """A picture by its address; a stage that may fetch turns it into an ImagePart."""

    url: str
    at: str = ""


class DocumentPart(msgspec.Struct, frozen=True, tag="document", gc=False):
    """A file as base64 without a data: prefix; `format` is one of Kiro's, such as pdf or txt."""

    name: str
    format: str
    data: str
    at: str = ""


class ThinkingPart(msgspec.Struct, frozen=True, tag="thinking", gc=False):
    """What a model thought; `signature` proves it to the model, `redacted` is an opaque form."""

    text: str = ""
    signature: str = ""
    redacted: str = ""
    at: str = ""


class ToolCallPart(msgspec.Struct, frozen=True, tag="tool-call", gc=False):
    """A tool that the model wants run. `input` is the JSON text as it came, not yet checked."""

    id: str
    name: str
    input: str
    at: str = ""


class ToolResultPart(msgspec.Struct, frozen=True, tag="tool-result", gc=False):
    """What running a tool gave."""

    call_id: str
    content: tuple["ResultContent", ...]
    is_error: bool = False
    at: str = ""
    pages: tuple[WebPage, ...] = ()
    """What a search of the web found, where this is its result: `content` tells it in words."""


ResultContent: TypeAlias = TextPart | ImagePart | ImageLinkPart | DocumentPart
Part: TypeAlias = ResultContent | ThinkingPart | ToolCallPart | ToolResultPart


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One message: who speaks, and the parts in the order they came."""

    role: Role
    parts: tuple[Part, ...]
    at: str = ""


class Tool(msgspec.Struct, frozen=True):
    """A tool the model may call; `schema` is the JSON Schema of its input as raw JSON."""

    name: str
    description: str
    schema: msgspec.Raw
    at: str = ""
    strict: bool = False
    """Whether the caller relies on the input to fit the schema."""
    deferred: bool = False
    """Whether the model is not to be told of it now: it has yet to be found, or was withdrawn."""


class ToldTool(msgspec.Struct, frozen=True, gc=False):
    """What a model is told of a tool: fit to be remembered, since it holds no more than itself.

    The raw schema of a tool is a piece of the body that it came in, and keeps all of that.
    """

    name: str
    description: str
    schema: bytes
    at: str = ""


class ToolChoice(msgspec.Struct, frozen=True):
    """Whether and which tools the model should call."""

    mode: Literal["auto", "none", "any", "named"] = "auto"
    name: str = ""
    parallel: bool = True


class Sampling(msgspec.Struct, frozen=True):
    """How the reply should be drawn; None means that the caller did not say."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()


EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Every effort that a caller may ask for, from the least on."""


class Thinking(msgspec.Struct, frozen=True):
    """How much the model should think; None means that the caller did not say."""

    enabled: bool | None = None
    budget: int | None = None
    """Tokens."""
    effort: str | None = None
    """One of EFFORTS."""
    display: Literal["summarized", "omitted"] | None = None
    """How thoughts are given; where nothing was said, they are given if thinking is enabled."""


class ReplyFormat(msgspec.Struct, frozen=True):
    """The form that the words of the reply must have; `schema` is raw JSON Schema."""

    kind: Literal["text", "json", "json-schema"] = "text"
    name: str = ""
    description: str = ""
    schema: msgspec.Raw = msgspec.Raw(b"{}")
    at: str = ""


class WebSearch(msgspec.Struct, frozen=True):
    """Leave to search the web while answering, done at the upstream; `name` is the tool's."""

    name: str = "web_search"
    max_uses: int | None = None
    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    at: str = ""


class Metadata(msgspec.Struct, frozen=True):
    """Who asks, as far as the caller says; `session` names a conversation that comes back."""

    user: str | None = None
    session: str | None = None


_is_deferred = attrgetter("deferred")


class Conversation(msgspec.Struct, frozen=True):
    """Everything a caller asks in one request.

    `not_honoured` names the places in the caller's JSON that were accepted and have no effect.
    """

    model: str
    turns: tuple[Turn, ...]
    system: tuple[TextPart, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    sampling: Sampling = Sampling()
    thinking: Thinking = Thinking()
    reply_format: ReplyFormat = ReplyFormat()
    web_search: WebSearch | None = None
    metadata: Metadata = Metadata()
    not_honoured: tuple[str, ...] = ()

    @property
    def told_tools(self) -> tuple[Tool, ...]:
        """The tools that the model is told of: a deferred one only if it was called before."""
        if not any(map(_is_deferred, self.tools)):
            return self.tools
        parts = (part for turn in self.turns for part in turn.parts)
        called = {part.name for part in parts if isinstance(part, ToolCallPart)}
        return tuple(tool for tool in self.tools if not tool.deferred or tool.name in called)

    @property
    def told(self) -> tuple[ToldTool, ...]:
        """What the model is told of these tools."""
        return tuple(
            [
                ToldTool(tool.name, tool.description, bytes(tool.schema), tool.at)
                for tool in self.told_tools
            ]
        )
