"""Rules about the list of tools: H12, H13, T1 to T5 and T15 (docs/kiro.md §3.5).

T12 needs nothing: `integer` is taken. T13: no cache points are sent. T14 is the weight's matter.
"""

from ki2api.conversation import Conversation, Tool, ToolCallPart
from ki2api.errors import InvalidRequest
from ki2api.kiro.names import rule_of
from ki2api.kiro.rules.draft import Draft, Spec
from ki2api.kiro.rules.schema import fit_schema
from ki2api.kiro.rules.text import CLEANED, h19_clean

PLACEHOLDER = "A tool of an earlier turn. It cannot be called any more."


def declare_tools(draft: Draft, conversation: Conversation) -> None:
    """Put the tools in the draft, and name every tool that the conversation speaks of."""
    _t15_search_is_run_by_a_stage(conversation)
    told = conversation.told_tools
    if len(told) > draft.limits.max_tools:
        count, most = len(told), draft.limits.max_tools
        detail = f"There are {count} tools, the limit is {most}."
        raise InvalidRequest(detail, path="tools", rule="T14")
    seen: set[tuple[str, str, bytes]] = set()
    for tool in told:
        same = (tool.name, tool.description, bytes(tool.schema))
        if same in seen:
            draft.repair("T3", tool.at, "the same tool stood there twice")
            continue
        seen.add(same)
        name = _t1_t2_t3_name(draft, tool.name, tool.at)
        description = _t4_t5_description(draft, tool, name)
        draft.tools.append(Spec(name, description, fit_schema(draft, tool)))
    _h12_h13_declare_called(draft, conversation)


def _t15_search_is_run_by_a_stage(conversation: Conversation) -> None:
    """Refuse a search of the web that no stage has taken over: Kiro would not run it here."""
    if conversation.web_search is not None:
        raise InvalidRequest(
            "the web is not searched: this pipeline is without the stage 'web-search'",
            path=conversation.web_search.at or None,
        )


def _t1_t2_t3_name(draft: Draft, name: str, at: str) -> str:
    fitted = draft.names.declare(name)
    if fitted != name:
        draft.repair(rule_of(name), at, f"is called {fitted} at Kiro")
    return fitted


def _t4_t5_description(draft: Draft, tool: Tool, name: str) -> str:
    description = h19_clean(tool.description)
    if description != tool.description:
        draft.repair("H19", tool.at, CLEANED)
    if not description.strip():
        draft.repair("T4", tool.at, "has no description, so its name stands there")
        description = name
    if name != tool.name and name == draft.names.kiro(tool.name):
        # What else is said to the model speaks of it by the caller's name for it.
        description = f"Spoken of as {h19_clean(tool.name)!r}.\n\n{description}"
    limit = draft.limits.tool_description
    if len(description) <= limit:
        return description
    size = f"its description has {len(description)} characters, the limit is {limit}"
    draft.repair("T5", tool.at, f"{size}: see the system text")
    draft.system.append(f"# Tool {name}\n\n{description}")
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
    draft.tools.append(Spec(name, PLACEHOLDER, {"type": "object", "properties": {}}))
    draft.repair("H12", part.at, f"the tool {name} is not declared any more; a stand-in was")
    return name
