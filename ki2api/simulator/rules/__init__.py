"""What the real service refuses, by tables of the simulator's own (docs/kiro.md §3)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ki2api.simulator.catalogue import CATALOGUE, DEFAULT_MODEL, Model
from ki2api.simulator.rules.attachments import broken_attachments
from ki2api.simulator.rules.reasoning import broken_fields, broken_thoughts
from ki2api.simulator.rules.tools import broken_tools
from ki2api.simulator.rules.turns import broken_turns
from ki2api.simulator.rules.violation import Violation
from ki2api.simulator.rules.wire import Ask, UserMessage

__all__ = ["Violation", "violations"]

# inferenceConfig is in no model, yet two projects send it and are answered (docs/kiro.md §3.6).
_MEMBERS = {
    "conversationState",
    "profileArn",
    "agentMode",
    "additionalModelRequestFields",
    "inferenceConfig",
}
_WEIGHT = 1_340_000
# Nothing between 3.4 MB (passed) and 4.5 MB (refused) was measured (docs/kiro.md §3.8).
_WEIGHT_OF_LARGE_WINDOWS = 4_000_000
_LARGE_WINDOW = 1_000_000


def violations(
    body: Mapping[str, Any],
    *,
    strict_schema: bool = True,
    models: Mapping[str, Model] = CATALOGUE,
) -> list[Violation]:
    """Give every rule that a request body breaks, the one that the service would name first."""
    if body.keys() - _MEMBERS:
        return [Violation("top-level-field", "REQUEST_BODY_INVALID")]
    try:
        ask = msgspec.convert(body, Ask)
    except msgspec.ValidationError:
        return [Violation("schema")]
    if any(
        (turn.user is None) == (turn.assistant is None) for turn in ask.conversation_state.turns
    ):
        return [Violation("schema")]
    return list(_broken(body, ask, strict_schema=strict_schema, models=models))


def _broken(
    body: Mapping[str, Any], ask: Ask, *, strict_schema: bool, models: Mapping[str, Model]
) -> Iterator[Violation]:
    state = ask.conversation_state
    current = state.current_message.user
    model = models.get((current.model_id if current else None) or DEFAULT_MODEL)
    users = [turn.user for turn in state.turns if turn.user]
    yield from _too_heavy(body, users, model)
    yield from broken_turns(state)
    if current:
        yield from broken_tools(current.tools, strict=strict_schema)
    if model is None:
        message = "Invalid model. Please select a different model to continue."
        yield Violation("H21", "INVALID_MODEL_ID", message)
        return
    yield from broken_attachments(users, model)
    yield from broken_fields(ask.additional_model_request_fields, model)
    yield from broken_thoughts(state, model)


def _too_heavy(
    body: Mapping[str, Any], users: Iterable[UserMessage], model: Model | None
) -> Iterator[Violation]:
    large = model is not None and model.window >= _LARGE_WINDOW
    # Attachments have limits of their own: the service's own client sends ten of 10 MB (§3.7).
    images = sum(len(image.source.bytes) for user in users for image in user.images or ())
    papers = sum(len(paper.source.bytes) for user in users for paper in user.documents or ())
    if weight(body) - images - papers > (_WEIGHT_OF_LARGE_WINDOWS if large else _WEIGHT):
        yield Violation("size", "CONTENT_LENGTH_EXCEEDS_THRESHOLD", "Input is too long.")


def weight(body: Mapping[str, Any]) -> int:
    """Weigh a body as the service does: 1 for an ASCII character, 8 for any other."""
    text = msgspec.json.encode(body).decode()
    return len(text) + 7 * (len(text) - len(text.encode("ascii", "ignore")))
