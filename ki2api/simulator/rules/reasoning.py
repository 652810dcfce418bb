"""What the service demands of extra model fields and of replayed thoughts (docs/kiro.md §3.6)."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from ki2api.simulator.catalogue import Model
from ki2api.simulator.rules.attachments import decoded
from ki2api.simulator.rules.violation import IMPROPER, Violation
from ki2api.simulator.rules.wire import ConversationState


def signature_of(model: str, thoughts: str) -> str:
    """Sign thoughts as this model's own."""
    digest = sha256(f"{model}\n{thoughts}".encode()).digest()
    return b64encode(b"thoughts of " + model.encode() + b": " + digest).decode()


def broken_fields(fields: dict[str, Any] | None, model: Model) -> Iterator[Violation]:
    """Check additionalModelRequestFields against the model's own schema."""
    if fields is None:
        return
    schema = model.fields_schema
    if schema is None:
        message = "additionalModelRequestFields is not supported for this model."
        yield Violation("model-fields", "REQUEST_BODY_INVALID", message)
    elif not _fits(fields, schema):
        yield Violation("model-fields", "REQUEST_BODY_INVALID", IMPROPER)


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    match schema["type"]:
        case "object":
            return isinstance(value, dict) and _fits_object(value, schema)
        case "integer":
            return type(value) is int and bool(schema["minimum"] <= value <= schema["maximum"])
        case _:
            return value in schema["enum"]


def _fits_object(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    known = schema["properties"]
    return (
        value.keys() <= known.keys()
        and value.keys() >= set(schema.get("required", ()))
        and all(_fits(inner, known[key]) for key, inner in value.items())
    )


def broken_thoughts(state: ConversationState, model: Model) -> Iterator[Violation]:
    """Check that replayed thoughts carry the signature that this model gave them."""
    for at, turn in enumerate(state.turns):
        reasoning = turn.assistant.reasoning_content if turn.assistant else None
        said = reasoning.reasoning_text if reasoning else None
        blob = reasoning.redacted_content if reasoning else None
        if reasoning and ((said is None) == (blob is None) or (blob and not decoded(blob))):
            yield Violation("thinking-form", "REQUEST_BODY_INVALID")
        if said and said.signature != signature_of(model.id, said.text):
            yield Violation(
                "thinking-signature",
                "THINKING_SIGNATURE_INVALID",
                f"messages.{at}.content.0: Invalid `signature` in `thinking` block",
            )
