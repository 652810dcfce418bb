"""Scenarios of the reply itself: what is said, in which events, in which order.

A scenario is a function; its name with hyphens is how it is called, its docstring what is printed.
"""

from msgspec import structs

from ki2api.simulator.answer import Answer
from ki2api.simulator.plan import Change, Plan
from ki2api.simulator.question import Thinking
from ki2api.simulator.rules.reasoning import signature_of
from ki2api.simulator.scenarios.values import Values
from ki2api.simulator.stream import Event, cost_of

_THOUGHTS = "The user wants an answer. I weigh what to say, and say it shortly."
_CJK = "春眠不觉晓、处处闻啼鸟。夜来风雨声、花落知多少。🌸👩‍👩‍👧‍👦"


def text(plan: Plan, values: Values) -> None:
    """Say exactly these words, say=… with + for a blank."""
    plan.answer = Answer(values.word("say", "Hello").replace("+", " "))


def cjk(plan: Plan, _: Values) -> None:
    """Say Chinese words and emoji of several code points."""
    plan.answer = Answer(_CJK)


def thinking(plan: Plan, _: Values) -> None:
    """Think in reasoning events with a signature, then answer."""
    _think(plan, "events")


def thinking_tags(plan: Plan, _: Values) -> None:
    """Think inside <thinking> tags in the text, as the older models do."""
    _think(plan, "tags")


def thinking_tags_split(plan: Plan, _: Values) -> None:
    """Think inside <thinking> tags that come letter by letter, after an empty line."""
    _think(plan, "tags")
    plan.changes.append(_letter_by_letter)


def thinking_twice(plan: Plan, _: Values) -> None:
    """Think in reasoning events, and say the same again inside <thinking> tags."""
    _think(plan, "events")
    text = f"<thinking>{plan.answer.thoughts}</thinking>\n\n{plan.answer.text}"
    plan.answer = structs.replace(plan.answer, text=text)


def thinking_signature_split(plan: Plan, _: Values) -> None:
    """Think in reasoning events whose signature comes in two pieces."""
    _think(plan, "events")
    plan.changes.append(_split_signature)


def thinking_redacted(plan: Plan, _: Values) -> None:
    """Send a late redacted blob of thoughts, as GPT models do."""
    _think(plan, "redacted")


def thinking_late(plan: Plan, _: Values) -> None:
    """Send three letters of thoughts and their signature after the text (WTF's capture)."""
    signature = signature_of(plan.question.model.id, "...")
    events = [
        Event("reasoningContentEvent", {"text": "..."}),
        Event("reasoningContentEvent", {"signature": signature}),
    ]
    plan.changes.append(_before_usage(*events))


def reasoning_only(plan: Plan, _: Values) -> None:
    """Think, and then say nothing."""
    _think(plan, "events")
    plan.answer = Answer(thoughts=_THOUGHTS)


def empty(plan: Plan, _: Values) -> None:
    """Say nothing at all: a stream without an event."""
    plan.changes.append(lambda _: [])


def usage_only(plan: Plan, _: Values) -> None:
    """Say nothing, and report usage."""
    plan.answer = Answer()


def no_usage(plan: Plan, _: Values) -> None:
    """End the stream cleanly without its usage events."""
    plan.usage = False


def context_full(plan: Plan, _: Values) -> None:
    """Report that 100 % of the context are used."""
    full = Event("contextUsageEvent", {"contextUsagePercentage": 100.0})
    plan.changes.append(
        lambda events: [full if event.name == full.name else event for event in events]
    )


def stop_reason(plan: Plan, values: Values) -> None:
    """End with a metadataEvent that carries reason=END_TURN."""
    metadata = Event("metadataEvent", {"stopReason": values.word("reason", "END_TURN")})
    plan.changes.append(lambda events: [*events, metadata])


def token_usage(plan: Plan, _: Values) -> None:
    """End with a metadataEvent that carries token counts, half of the input from the cache."""

    def counted(events: list[Event]) -> list[Event]:
        cost = cost_of(plan.question, plan.answer)
        cached = cost.input // 2
        counts = {
            "uncachedInputTokens": cost.input - cached,
            "cacheReadInputTokens": cached,
            "cacheWriteInputTokens": 0,
            "outputTokens": cost.output,
            "totalTokens": cost.input + cost.output,
        }
        return [*events, Event("metadataEvent", {"tokenUsage": counts, "stopReason": "END_TURN"})]

    plan.changes.append(counted)


def _think(plan: Plan, kind: Thinking) -> None:
    plan.question = structs.replace(plan.question, thinking=kind)
    plan.answer = structs.replace(plan.answer, thoughts=plan.answer.thoughts or _THOUGHTS)


def _letter_by_letter(events: list[Event]) -> list[Event]:
    said = "assistantResponseEvent"
    text = "".join(event.payload["content"] for event in events if event.name == said)
    first = next(i for i, event in enumerate(events) if event.name == said)
    others = [event for event in events if event.name != said]
    return [*others[:first], *(Event(said, {"content": c}) for c in "\n" + text), *others[first:]]


def _split_signature(events: list[Event]) -> list[Event]:
    out: list[Event] = []
    for event in events:
        whole = event.payload.get("signature")
        halves = (whole[:9], whole[9:]) if whole else ()
        out += [Event(event.name, {"signature": half}) for half in halves] or [event]
    return out


def _before_usage(*extra: Event) -> Change:
    def changed(events: list[Event]) -> list[Event]:
        at = next((i for i, e in enumerate(events) if e.name == "contextUsageEvent"), len(events))
        return [*events[:at], *extra, *events[at:]]

    return changed
