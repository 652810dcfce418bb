"""The search as the model sees it: an ordinary function tool, and what it is called with."""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from ki2api.conversation import (
    Conversation,
    TextPart,
    Tool,
    ToolChoice,
    ToolResultPart,
    WebPage,
    WebSearch,
)
from ki2api.errors import InvalidRequest
from ki2api.events import SearchFault

LONGEST_QUERY = 200
"""Characters that Kiro takes, as is reported (docs/kiro.md §6.4)."""
_DESCRIPTION = f"""\
Searches the web and returns numbered results. Use it for what you cannot know or what may have \
changed. A query has at most {LONGEST_QUERY} characters.
When a statement of your answer rests on a result, wrap that statement, and nothing else, in \
<cite index="N">...</cite>, where N is the number of the result; separate several numbers by \
commas. Never cite what is not in a result."""
_SCHEMA = msgspec.Raw(
    msgspec.json.encode(
        {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "What to search for."}},
            "required": ["query"],
        }
    )
)
_FIRST = "Search the web with {name} before you answer."


class _Input(msgspec.Struct):
    query: str


class BadQuery(Exception):
    """A search was called with what is no query; `fault` says why."""

    def __init__(self, fault: SearchFault) -> None:
        super().__init__(fault)
        self.fault = fault


def offered(conversation: Conversation, search: WebSearch) -> Conversation:
    """Offer the search as a tool in its place.

    Raises InvalidRequest where another tool has its name.
    """
    if any(tool.name.casefold() == search.name.casefold() for tool in conversation.tools):
        raise InvalidRequest(f"there is another tool named {search.name!r}", path=search.at or None)
    tool = Tool(search.name, _description(search), _SCHEMA, search.at)
    choice, system = conversation.tool_choice, conversation.system
    if choice.mode == "named" and choice.name == search.name:
        # A choice would hold in every round; the model is asked to search once instead.
        choice = ToolChoice(parallel=choice.parallel)
        system = (*system, TextPart(_FIRST.format(name=search.name)))
    tools = (*conversation.tools, tool)
    return replace(conversation, tools=tools, tool_choice=choice, system=system, web_search=None)


def query_in(text: str) -> str:
    """Return the query of a call, its white space made even; raises BadQuery."""
    try:
        query = " ".join(msgspec.json.decode(text, type=_Input).query.split())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadQuery("bad-input") from None
    if not query:
        raise BadQuery("bad-input")
    if len(query) > LONGEST_QUERY:
        raise BadQuery("query-too-long")
    return query


def pages_in(conversation: Conversation) -> Iterator[WebPage]:
    """Find the pages that earlier searches of the conversation had found."""
    for turn in conversation.turns:
        for part in turn.parts:
            if isinstance(part, ToolResultPart):
                yield from part.pages


def _description(search: WebSearch) -> str:
    limits = [
        f"Only pages of these domains are returned: {', '.join(search.allowed_domains)}."
        * bool(search.allowed_domains),
        f"No pages of these domains are returned: {', '.join(search.blocked_domains)}."
        * bool(search.blocked_domains),
    ]
    return "\n".join([_DESCRIPTION, *filter(None, limits)])
