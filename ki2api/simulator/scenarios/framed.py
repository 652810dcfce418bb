"""Scenarios of frames: odd ones, very many, and those that say that the service failed.

A scenario is a function; its name with hyphens is how it is called, its docstring what is printed.
"""

from collections.abc import Iterator

from ki2api.simulator.answer import Answer
from ki2api.simulator.plan import Change, Plan
from ki2api.simulator.refusals import words_for
from ki2api.simulator.scenarios.values import Values
from ki2api.simulator.stream import Event

_ENDS = {"contextUsageEvent", "meteringEvent", "metadataEvent"}


def twins(plan: Plan, _: Values) -> None:
    """Send every text delta twice: equal neighbours are meant."""
    plan.changes.append(
        lambda events: [
            twin
            for event in events
            for twin in [event] * (1 + (event.name == "assistantResponseEvent"))
        ]
    )


def unknown_events(plan: Plan, _: Values) -> None:
    """Send events that nobody knows, and known ones that carry no words."""
    strange = [
        Event("fooBarEvent", {"content": "not for you"}),
        Event("followupPromptEvent", {"followupPrompt": {"content": "And then?"}}),
        Event("codeReferenceEvent", {"references": [{"licenseName": "MIT"}]}),
        Event("intentsEvent", {"intents": {}}),
    ]
    plan.changes.append(lambda events: [*strange, *events, strange[0]])


def ended_twice(plan: Plan, _: Values) -> None:
    """Send all that ends a reply twice, with a reason, and words between."""
    reason = Event("metadataEvent", {"stopReason": "END_TURN"})
    plan.changes.append(lambda events: [*_twice([*events, reason], plan.question.model.id)])


def flood(plan: Plan, values: Values) -> None:
    """Say count=10000 short deltas in one piece."""
    count = values.integer("count", 10_000)
    model = plan.question.model.id
    deltas = [
        Event("assistantResponseEvent", {"content": f"{at} ", "modelId": model})
        for at in range(count)
    ]
    plan.chunking = "whole"
    plan.answer = Answer()
    plan.changes.append(lambda events: [events[0], *deltas, *events[1:]])


def huge_frame(plan: Plan, values: Values) -> None:
    """Say size=1000000 letters in one frame."""
    said = Event("assistantResponseEvent", {"content": "x" * values.integer("size", 1_000_000)})
    plan.answer = Answer()
    plan.changes.append(lambda events: [events[0], said, *events[1:]])


def exception(plan: Plan, values: Values) -> None:
    """Send an exception frame type=ThrottlingException after=2 events, and end."""
    words = words_for(values.integer("status", 429), values.word("reason") or None)
    payload = {"message": values.word("message", words.message), "reason": words.reason or None}
    frame = Event(values.word("type", words.type), payload, "exception")
    plan.changes.append(_broken_off(values, frame))


def context_overflow(plan: Plan, values: Values) -> None:
    """Send a ContentLengthExceededException frame after=2 events, and end."""
    payload = {"message": "Input is too long.", "reason": "CONTENT_LENGTH_EXCEEDS_THRESHOLD"}
    frame = Event("ContentLengthExceededException", payload, "exception")
    plan.changes.append(_broken_off(values, frame))


def error_frame(plan: Plan, values: Values) -> None:
    """Send a transport error frame code=InternalServerError after=2 events, and end."""
    frame = Event(values.word("code", "InternalServerError"), "The service failed.", "error")
    plan.changes.append(_broken_off(values, frame))


def model_unavailable(plan: Plan, values: Values) -> None:
    """Send modelTemporarilyUnavailableEvent after=0 events, and end."""
    payload = {"message": "The model is busy.", "recommendedModel": "claude-sonnet-4.5"}
    frame = Event("modelTemporarilyUnavailableEvent", payload)
    plan.changes.append(lambda events: [*events[: values.integer("after", 0)], frame])


def invalid_state(plan: Plan, values: Values) -> None:
    """Send invalidStateEvent after=2 events, and end."""
    payload = {"reason": "INVALID_TASK_ASSIST_PLAN", "message": "Invalid task assist plan"}
    plan.changes.append(_broken_off(values, Event("invalidStateEvent", payload)))


def bad_json(plan: Plan, values: Values) -> None:
    """Send an event whose payload is no JSON after=2 events."""
    frame = Event("assistantResponseEvent", b'{"content": "cut')
    after = values.integer("after", 2)
    plan.changes.append(lambda events: [*events[:after], frame, *events[after:]])


def _twice(events: list[Event], model: str) -> Iterator[Event]:
    ends = [event for event in events if event.name in _ENDS]
    late = Event("assistantResponseEvent", {"content": " And more.", "modelId": model})
    yield from (*events, late, *ends)


def _broken_off(values: Values, frame: Event) -> Change:
    after = values.integer("after", 2)
    return lambda events: [*events[:after], frame]
