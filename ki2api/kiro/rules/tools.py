"""Rules about the list of tools: H12, H13, T1 to T5 and T15 (docs/kiro.md §3.5).

T12 needs nothing: `integer` is taken. T13: no cache points are sent. T14 is the weight's matter.
"""

from functools import lru_cache

import msgspec

from ki2api.conversation import Conversation, ToldTool, ToolCallPart
from ki2api.errors import InvalidRequest
from ki2api.kiro import wire
from ki2api.kiro.names import rule_of
from ki2api.kiro.rules.draft import Draft, Offer, Spec
from ki2api.kiro.rules.schema import fit_schema
from ki2api.kiro.rules.text import CLEANED, h19_clean

PLACEHOLDER = "A tool of an earlier turn. It cannot be called any more."
_NO_PROPERTIES = msgspec.Raw(b'{"type":"object","properties":{}}')
_LONG = 256 * 1024
"""Bytes and characters; a longer list is declared anew each time."""
_MOST = 16
"""Lists that are remembered as Kiro is told of them."""
_encode = msgspec.json.Encoder().encode


def declare_tools(draft: Draft, conversation: Conversation) -> None:
    """Put the tools in the draft, and name every tool that the conversation speaks of."""
    _t15_search_is_run_by_a_stage(conversation)
    told = conversation.told
    if len(told) > draft.limits.max_tools:
        count, most = len(told), draft.limits.max_tools
        detail = f"There are {count} tools, the limit is {most}."
        raise InvalidRequest(detail, path="tools", rule="T14")
    if told:
        _take_over(draft, _offer_of(told, draft.limits.tool_description))
    _h12_h13_declare_called(draft, conversation)


def _take_over(draft: Draft, offer: Offer) -> None:
    """Copy an offer, which is remembered, into the draft, where it may grow."""
    draft.names = offer.names.copy()
    draft.tools = [*offer.tools]
    draft.system += offer.system
    draft.repairs += offer.repairs


def _offer_of(told: tuple[ToldTool, ...], longest: int) -> Offer:
    size = sum([len(tool.description) + len(tool.schema) for tool in told])
    return _remembered(told, longest) if size <= _LONG else _offer(told, longest)


def _offer(told: tuple[ToldTool, ...], longest: int) -> Offer:
    offer = Offer()
    seen: set[tuple[str, str, bytes]] = set()
    for tool in told:
        same = (tool.name, tool.description, tool.schema)
        if same in seen:
            offer.repair("T3", tool.at, "the same tool stood there twice")
            continue
        seen.add(same)
        name = _t1_t2_t3_name(offer, tool.name, tool.at)
        description = _t4_t5_description(offer, tool, name, longest)
        offer.tools.append(_spec(name, description, fit_schema(offer, tool)))
    return offer


# Agents send the same tools with each request, and nobody changes what was made of them.
_remembered = lru_cache(maxsize=_MOST)(_offer)


def _spec(name: str, description: str, schema: msgspec.Raw) -> Spec:
    tool = wire.Tool(wire.ToolSpecification(name, description, wire.InputSchema(schema)))
    return Spec(name, msgspec.Raw(_encode(tool)))


def _t15_search_is_run_by_a_stage(conversation: Conversation) -> None:
    """Refuse a search of the web that no stage has taken over: Kiro would not run it here."""
    if conversation.web_search is not None:
        raise InvalidRequest(
            "the web is not searched: this pipeline is without the stage 'web-search'",
            path=conversation.web_search.at or None,
        )


def _t1_t2_t3_name(offer: Offer, name: str, at: str) -> str:
    fitted = offer.names.declare(name)
    if fitted != name:
        offer.repair(rule_of(name), at, f"is called {fitted} at Kiro")
    return fitted


def _t4_t5_description(offer: Offer, tool: ToldTool, name: str, longest: int) -> str:
    description = h19_clean(tool.description)
    if description != tool.description:
        offer.repair("H19", tool.at, CLEANED)
    if not description.strip():
        offer.repair("T4", tool.at, "has no description, so its name stands there")
        description = name
    if name != tool.name and name == offer.names.kiro(tool.name):
        # What else is said to the model speaks of it by the caller's name for it.
        description = f"Spoken of as {h19_clean(tool.name)!r}.\n\n{description}"
    if len(description) <= longest:
        return description
    size = f"its description has {len(description)} characters, the limit is {longest}"
    offer.repair("T5", tool.at, f"{size}: see the system text")
    offer.system.append(f"# Tool {name}\n\n{description}")
    return f'What this tool does stands in the system text under "Tool {name}".'


def _h12_h13_declare_called(draft: Draft, conversation: Conversation) -> None:
    """Declare what was called before, and with tool choice "none" nothing else."""
    called: set[str] = set()
    for turn in conversation.turns:
        for part in turn.parts:
            if isinstance(part, ToolCallPart):
                called.add(draft.names.kiro(part.name) or _placeholder(draft, part))
    if conversation.tool_choice.mode == "none":
        draft.tools = [tool for tool in draft.tools if tool.name in called]


def _placeholder(draft: Draft, part: ToolCallPart) -> str:
    name = _t1_t2_t3_name(draft, part.name, part.at)
    draft.tools.append(_spec(name, PLACEHOLDER, _NO_PROPERTIES))
    draft.repair("H12", part.at, f"the tool {name} is not declared any more; a stand-in was")
    return name
