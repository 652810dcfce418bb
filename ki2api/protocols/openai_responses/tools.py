"""The tools of a request: functions, free text, namespaces, and those that OpenAI would run."""

from collections.abc import Iterable, Iterator

import msgspec

from ki2api.conversation import Tool, ToolChoice, WebSearch
from ki2api.errors import InvalidRequest
from ki2api.protocols.openai_responses import freeform, wire
from ki2api.protocols.openai_responses.names import Called, FlatNames
from ki2api.protocols.reading import NULL, Unserved, read_raw

_TOOL = msgspec.json.Decoder(wire.Tool)
_NO_PARAMETERS = msgspec.Raw(b'{"type":"object","properties":{}}')
_WEB_SEARCH = "web_search"
_UNHEEDED = ("search_context_size", "user_location")
_LEFT_OUT = frozenset({"image_generation", "programmatic_tool_calling", "tool_search"})
"""Tools of OpenAI's that Codex offers as a matter of course; a model does its work without them."""


class Tools:
    """What was declared so far, wherever it stood in the request."""

    def __init__(self, choice: object, unserved: Unserved) -> None:
        self.names = FlatNames()
        self.declared: list[Tool] = []
        self.web_search: WebSearch | None = None
        self._allowed = _allowed_by(choice)
        self._unserved = unserved

    def read(self, raws: Iterable[msgspec.Raw], at: str) -> None:
        """Take a list of tools."""
        for tool, place in _tools(raws, at):
            self._read(tool, place)

    def choice(self, asked: wire.ResponsesRequest) -> ToolChoice:
        """Read which tool is to be called."""
        parallel = asked.parallel_tool_calls is not False
        match asked.tool_choice:
            case None | "auto" | wire.ToolChoice(type="allowed_tools", mode="auto"):
                return ToolChoice("auto", parallel=parallel)
            case "required" | wire.ToolChoice(type="allowed_tools", mode="required"):
                return ToolChoice("any", parallel=parallel)
            case "none":
                return ToolChoice("none", parallel=parallel)
            case wire.ToolChoice(type="function" | "custom", name=str(name), namespace=space):
                return ToolChoice("named", self.names.flat(space, name), parallel)
            case _:
                raise InvalidRequest("this choice of a tool is not supported", path="tool_choice")

    def _read(self, tool: wire.Tool, at: str) -> None:
        match tool.type:
            case "namespace":
                space = _named(tool, at)
                for inner, place in _tools(tool.tools or (), f"{at}.tools"):
                    self._read_named(inner, place, space)
            case "function" | "custom":
                self._read_named(tool, at)
            case kind if kind.startswith(_WEB_SEARCH):
                self._read_search(tool, at)
            case kind if kind in _LEFT_OUT:
                self._unserved.without_effect(at)
            case kind:
                self._unserved.found(at, f"a tool of type {kind!r} is not supported")

    def _read_named(self, tool: wire.Tool, at: str, space: str | None = None) -> None:
        if tool.type not in {"function", "custom"}:
            self._unserved.found(at, f"a tool of type {tool.type!r} is not supported here")
            return
        called = Called(_named(tool, at), space, tool.type == "custom")
        if self._allowed is None or any(_allows(each, called) for each in self._allowed):
            self.declared.append(_tool(tool, called, self.names.declare(called), at))

    def _read_search(self, tool: wire.Tool, at: str) -> None:
        if tool.external_web_access is False:
            self._unserved.without_effect(at)  # only OpenAI has its store of pages
        elif self._allowed is None or any(map(_searches, self._allowed)):
            for name in _UNHEEDED:
                if getattr(tool, name) is not None:
                    self._unserved.without_effect(f"{at}.{name}")
            filters = tool.filters or wire.Filters()
            self.web_search = WebSearch(
                allowed_domains=tuple(filters.allowed_domains or ()),
                blocked_domains=tuple(filters.blocked_domains or ()),
                at=at,
            )


def _allowed_by(choice: object) -> list[wire.NamedTool] | None:
    """Return the tools that may be called this time; None for all."""
    if isinstance(choice, wire.ToolChoice) and choice.type == "allowed_tools":
        return choice.tools or []
    return None


def _allows(allowed: wire.NamedTool, called: Called) -> bool:
    """Tell whether an allowed tool is this one, or the namespace it is in."""
    if allowed.type == "namespace":
        return allowed.name == called.namespace
    return (allowed.namespace, allowed.name) == (called.namespace, called.name)


def _searches(tool: wire.NamedTool) -> bool:
    return tool.type.startswith(_WEB_SEARCH)


def _tools(raws: Iterable[msgspec.Raw], at: str) -> Iterator[tuple[wire.Tool, str]]:
    for index, raw in enumerate(raws):
        place = f"{at}[{index}]"
        tool = read_raw(_TOOL, raw, place)
        # Anthropic's own tools have this type, too: it would be asked for free text.
        if tool.type == "custom" and b'"input_schema"' in bytes(raw):
            raise InvalidRequest("a custom tool has no input_schema", path=place)
        yield tool, place


def _tool(tool: wire.Tool, called: Called, flat: str, at: str) -> Tool:
    description, schema = tool.description or "", tool.parameters
    if called.custom:
        form = tool.format or wire.CustomFormat()
        description = freeform.describe(description, form.syntax, form.definition)
        schema = freeform.SCHEMA
    elif schema == NULL:
        schema = _NO_PARAMETERS
    return Tool(flat, description, schema, at, bool(tool.strict), bool(tool.defer_loading))


def _named(tool: wire.Tool, at: str) -> str:
    if not tool.name:
        raise InvalidRequest("Field required", path=f"{at}.name")
    return tool.name
