"""How a caller's wishes about thinking are put to a model: by its fields, or by prompt tags (§3.6).

The table of efforts and budgets stands in docs/thinking.md too.
"""

from ki2api.conversation import EFFORTS, Conversation, Thinking
from ki2api.kiro import wire
from ki2api.kiro.fields import Fields, fields_of, native_max_tokens, thinks_by_tags
from ki2api.kiro.rules.draft import Draft

RULE = "§3.6"
USUAL = "high"
"""Kiro's own default."""
# The largest budget in tokens that each effort stands for; what is more is `max`.
_BUDGETS = {"low": 4_096, "medium": 16_384, "high": 32_768, "xhigh": 65_536}
_LEAST_LENGTH, _MOST_LENGTH = 1_024, 24_576
_LENGTHS = {
    "minimal": _LEAST_LENGTH,
    "low": 4_096,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": _MOST_LENGTH,
    "max": _MOST_LENGTH,
}
_MODE = "<thinking_mode>"
_REFUSING = Fields()


def ask_for_thinking(draft: Draft, conversation: Conversation) -> None:
    """Put in the draft what is asked of thinking, and the token limit that the model keeps."""
    thinking = conversation.thinking
    takes = _REFUSING if draft.learnt.refuses_fields else fields_of(draft.model)
    by_tags = thinks_by_tags(draft.model, takes)
    if by_tags and thinking.enabled:
        _ask_by_tags(draft, thinking)
    elif takes != _REFUSING:
        _ask_by_fields(draft, conversation, takes)
    else:
        asked = {
            "thinking": bool(thinking.enabled) or thinking.budget is not None,
            "effort": thinking.effort is not None,
        }
        draft.ignored += [name for name, is_asked in asked.items() if is_asked]


def _ask_by_tags(draft: Draft, thinking: Thinking) -> None:
    draft.tagged = True
    if any(_MODE in text for text in draft.system):
        draft.repair(RULE, "system", "asks for thinking by tags of its own, which were left alone")
        return
    wanted = thinking.budget or _LENGTHS.get(thinking.effort or USUAL, _LENGTHS[USUAL])
    length = min(max(wanted, _LEAST_LENGTH), _MOST_LENGTH)
    tags = f"{_MODE}enabled</thinking_mode><max_thinking_length>{length}</max_thinking_length>"
    draft.system.insert(0, tags)
    draft.repair(RULE, "thinking", f"asked for in the system text, up to {length} tokens")


def _ask_by_fields(draft: Draft, conversation: Conversation, takes: Fields) -> None:
    thinking = conversation.thinking
    effort = _effort(draft, thinking, takes)
    said = wire.Effort(effort) if effort else None
    fields = wire.ModelFields(
        thinking=_thinking(draft, thinking, takes),
        output_config=said if takes.effort_field == "output_config" else None,
        reasoning=said if takes.effort_field == "reasoning" else None,
        max_tokens=native_max_tokens(draft.model, conversation.sampling.max_tokens),
    )
    draft.fields = fields if fields != wire.ModelFields() else None


def _thinking(draft: Draft, thinking: Thinking, takes: Fields) -> wire.Thinking | None:
    if thinking.enabled is None:
        return None
    kind = "adaptive" if thinking.enabled else "disabled"
    if kind in takes.thinking:
        shown = thinking.display or "summarized"
        display = shown if thinking.enabled and shown in takes.displays else None
        return wire.Thinking(kind, display)
    if not takes.efforts or not (thinking.enabled or "none" in takes.efforts):
        draft.ignored.append("thinking")
    return None


def _effort(draft: Draft, thinking: Thinking, takes: Fields) -> str | None:
    if thinking.enabled is False and "none" in takes.efforts:
        return "none"
    wanted = thinking.effort or _effort_for(thinking.budget)
    if wanted is None:
        return None
    effort = _nearest(wanted, takes.efforts)
    if effort is None:
        draft.ignored.append("effort" if thinking.effort else "thinking")
    elif thinking.effort is None:
        text = f"a budget of {thinking.budget} tokens was asked for as effort {effort}"
        draft.repair(RULE, "thinking", text)
    elif effort != wanted:
        draft.repair(RULE, "effort", f"{wanted} is not the model's, {effort} was asked for")
    return effort


def _effort_for(budget: int | None) -> str | None:
    if budget is None:
        return None
    return next((effort for effort, most in _BUDGETS.items() if budget <= most), "max")


def _nearest(wanted: str, efforts: tuple[str, ...]) -> str | None:
    """Return what was asked for, else the next lower effort of the model, else its least.

    Only who asks for `none` gets it: it would turn off what was asked for.
    """
    if wanted in efforts:
        return wanted
    known = [effort for effort in EFFORTS[1:] if effort in efforts]
    if wanted not in EFFORTS or not known:
        return None
    rank = EFFORTS.index(wanted)
    lower = [effort for effort in known if EFFORTS.index(effort) <= rank]
    return lower[-1] if lower else known[0]
