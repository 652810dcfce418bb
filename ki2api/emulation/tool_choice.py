"""Whether and which tools must be called: which are offered, what is said, and what is checked."""

from msgspec import Struct
from msgspec.structs import replace

from ki2api.conversation import Conversation, ToolCallPart, ToolChoice
from ki2api.emulation.checks import Answered, Check, Required
from ki2api.errors import InvalidRequest

_FREE = ToolChoice()


class Chosen(Struct, frozen=True):
    """A choice of tools, carried out: what is asked, and the names that may be called, or None."""

    conversation: Conversation
    told: list[str]
    checks: list[Check]
    allowed: frozenset[str] | None = None


def chosen(conversation: Conversation) -> Chosen:
    """Carry out a choice of tools; raises InvalidRequest where it cannot be."""
    choice = conversation.tool_choice
    told = [] if choice.parallel else ["Call at most one tool in this reply."]
    asked = _freely(conversation)
    match choice.mode:
        case "auto":
            return _may(asked, told)
        case "none":
            return _none(asked)
        case _:
            return _must(asked, choice, told)


def _freely(asked: Conversation) -> Conversation:
    """Return the conversation without its choice: the same one where there is none."""
    return asked if asked.tool_choice == _FREE else replace(asked, tool_choice=_FREE)


def _may(asked: Conversation, told: list[str]) -> Chosen:
    """Let no tool be called that is not offered any more, since nobody would run it.

    The model is told so by the description of its stand-in (H12).
    """
    offered = _offered(asked)
    if _called_before(asked) <= offered:
        return Chosen(asked, told, [])
    return Chosen(asked, told, [] if offered else [Answered()], allowed=offered)


def _none(asked: Conversation) -> Chosen:
    """Offer no tool; those of earlier turns get their stand-ins by H12 (docs/kiro.md §3.4)."""
    told = ["Do not call any tool in this reply: answer in words."] if _called_before(asked) else []
    return Chosen(
        replace(asked, tools=(), web_search=None), told, [Answered()], allowed=frozenset()
    )


def _must(asked: Conversation, choice: ToolChoice, told: list[str]) -> Chosen:
    search, offered = asked.web_search, _offered(asked)
    names = frozenset(tool.name for tool in asked.tools)
    if not offered:
        raise InvalidRequest("a tool must be called, and there is none", path="tool_choice")
    if choice.mode == "any":
        told = ["Call one of the tools in this reply: do not answer in words alone.", *told]
    elif choice.name not in offered:
        raise InvalidRequest(f"there is no tool {choice.name!r}", path="tool_choice")
    else:
        told = [f"Call the tool {choice.name} in this reply: do not answer in words.", *told]
        names &= {choice.name}
        asked = replace(
            asked,
            tools=tuple(tool for tool in asked.tools if tool.name == choice.name),
            web_search=search if search and search.name == choice.name else None,
        )
    # A search is made at Kiro, so a reply does not show whether there was one.
    checks: list[Check] = [] if asked.web_search else [Required(names)]
    return Chosen(asked, told, checks, allowed=_offered(asked))


def _offered(asked: Conversation) -> frozenset[str]:
    search = {asked.web_search.name} if asked.web_search else set()
    return frozenset(tool.name for tool in asked.tools) | search


def _called_before(asked: Conversation) -> frozenset[str]:
    """Name the tools that earlier turns called."""
    return frozenset(
        [part.name for turn in asked.turns for part in turn.parts if isinstance(part, ToolCallPart)]
    )
