"""What the service demands of the turns (docs/kiro.md §3.4); a rule's id is its function's name.

H17 to H19 are not refused by themselves: pictures in the history count like any others, and text
that is no Unicode is no JSON.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, TypeAlias

from ki2api.simulator.rules.violation import IMPROPER, Violation
from ki2api.simulator.rules.wire import AssistantMessage, ConversationState, Message, UserMessage

TurnRule: TypeAlias = Callable[[ConversationState], Iterator[Violation]]


def broken_turns(state: ConversationState) -> Iterator[Violation]:
    """Give every broken rule of the turns."""
    for rule in _RULES:
        yield from rule(state)


def _h1(state: ConversationState) -> Iterator[Violation]:
    if state.current_message.user is None:
        yield Violation("H1")


def _h2(state: ConversationState) -> Iterator[Violation]:
    if state.history and state.history[0].user is None:
        yield Violation("H2")


def _h3(state: ConversationState) -> Iterator[Violation]:
    if state.history and state.history[-1].assistant is None:
        yield Violation("H3")


def _h4(state: ConversationState) -> Iterator[Violation]:
    for earlier, later in pairwise(state.history or []):
        if (earlier.user is None) == (later.user is None):
            yield Violation("H4")


def _h5(state: ConversationState) -> Iterator[Violation]:
    for user in _users(state):
        if not user.content and not user.results:
            yield Violation("H5")


def _h6(state: ConversationState) -> Iterator[Violation]:
    for assistant in _assistants(state):
        if not assistant.content and not assistant.uses:
            yield Violation("H6")


def _h7(state: ConversationState) -> Iterator[Violation]:
    for at, (before, after) in enumerate(pairwise(state.turns), start=1):
        answered = {result.tool_use_id for result in _results(after)}
        missing = [use for use in _uses(before) if use not in answered]
        if missing:
            yield _mismatch(
                "H7",
                f"Expected toolResult blocks at messages.{at}.content"
                f" for the following Ids: {', '.join(missing)}",
            )


def _h8(state: ConversationState) -> Iterator[Violation]:
    before: Message | None = None
    for at, turn in enumerate(state.turns):
        asked = _uses(before)
        if any(result.tool_use_id not in asked for result in _results(turn)):
            # H9 is the same fault in the oldest turn of a history.
            yield _mismatch(
                "H9" if before is None and state.history else "H8",
                f"The number of toolResult blocks at messages.{at}.content"
                " exceeds the number of toolUse blocks of previous turn.",
            )
        before = turn


def _h10(state: ConversationState) -> Iterator[Violation]:
    for turn in state.turns:
        results = [result.tool_use_id for result in _results(turn)]
        for ids in (_uses(turn), results):
            if len(set(ids)) < len(ids):
                yield Violation("H10")


def _h11(state: ConversationState) -> Iterator[Violation]:
    for before, after in pairwise(state.turns):
        asked = _uses(before)
        order = [asked.index(r.tool_use_id) for r in _results(after) if r.tool_use_id in asked]
        if order != sorted(order):
            yield Violation("H11")


def _h12(state: ConversationState) -> Iterator[Violation]:
    declared = {name.lower() for name in _declared(state)}
    used = {use.name.lower() for assistant in _assistants(state) for use in assistant.uses}
    if declared and not used <= declared:
        yield _no_tool_config("H12")


def _h13(state: ConversationState) -> Iterator[Violation]:
    traffic = any(_uses(turn) or _results(turn) for turn in state.turns)
    if traffic and not _declared(state):
        yield _no_tool_config("H13")


def _h14(state: ConversationState) -> Iterator[Violation]:
    lists: list[object] = [assistant.tool_uses for assistant in _assistants(state)]
    for user in _users(state):
        context = user.user_input_message_context
        lists += [
            user.images,
            user.documents,
            *((context.tools, context.tool_results) if context else ()),
        ]
    yield from (Violation("H14") for found in lists if found == [])


def _h15(state: ConversationState) -> Iterator[Violation]:
    for assistant in _assistants(state):
        for use in assistant.uses:
            if not isinstance(use.input, dict) or _has_empty_key(use.input):
                yield Violation("H15", "REQUEST_BODY_INVALID")


def _h16(state: ConversationState) -> Iterator[Violation]:
    for turn in state.turns:
        for result in _results(turn):
            if not result.content or any(piece.text == "" for piece in result.content):
                yield Violation("H16")


def _h20(state: ConversationState) -> Iterator[Violation]:
    if state.chat_trigger_type not in {"MANUAL", "DIAGNOSTIC", "INLINE_CHAT"}:
        yield Violation("H20")


_RULES: tuple[TurnRule, ...] = (
    _h1,
    _h2,
    _h3,
    _h4,
    _h5,
    _h6,
    _h14,
    _h15,
    _h16,
    _h10,
    _h13,
    _h12,
    _h7,
    _h8,
    _h11,
    _h20,
)  # fmt: skip - one look over all rules


def _users(state: ConversationState) -> Iterator[UserMessage]:
    return (turn.user for turn in state.turns if turn.user)


def _assistants(state: ConversationState) -> Iterator[AssistantMessage]:
    return (turn.assistant for turn in state.turns if turn.assistant)


def _uses(turn: Message | None) -> list[str]:
    return [use.tool_use_id for use in turn.assistant.uses] if turn and turn.assistant else []


def _results(turn: Message) -> list[Any]:
    return list(turn.user.results) if turn.user else []


def _declared(state: ConversationState) -> list[str]:
    user = state.current_message.user
    return [tool.name for tool in user.specifications] if user else []


def _has_empty_key(value: Any) -> bool:
    if isinstance(value, dict):
        return "" in value or any(_has_empty_key(inner) for inner in value.values())
    return isinstance(value, list) and any(_has_empty_key(inner) for inner in value)


def _mismatch(rule: str, message: str) -> Violation:
    return Violation(rule, "TOOL_USE_RESULT_MISMATCH", f"{IMPROPER} {message}")


def _no_tool_config(rule: str) -> Violation:
    message = (
        "The toolConfig field must be defined when using toolUse and toolResult content blocks."
    )
    return Violation(rule, "TOOL_CONFIG_MISSING", message)
