"""Extra model fields are checked by the model's own schema, thoughts by their signature."""

from typing import Any

import pytest

from ki2api.simulator.rules import violations
from ki2api.simulator.rules.reasoning import signature_of

Body = dict[str, Any]
SIGNED = {"text": "easy", "signature": signature_of("claude-sonnet-4.5", "easy")}


def _ask(body: Body, model: str, fields: Any) -> list[tuple[str, str | None]]:
    message = body["conversationState"]["currentMessage"]["userInputMessage"]
    message["modelId"] = model
    body["additionalModelRequestFields"] = fields
    return [(violation.rule, violation.reason) for violation in violations(body)]


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("claude-opus-4.6", {"output_config": {"effort": "max"}}),
        ("claude-opus-5", {"output_config": {"effort": "xhigh"}, "max_tokens": 128_000}),
        ("claude-sonnet-5", {"thinking": {"type": "adaptive", "display": "summarized"}}),
        ("claude-sonnet-5", {}),
        ("gpt-5.6-sol", {"reasoning": {"effort": "none"}}),
    ],
)
def test_fields_of_the_model_are_accepted(model: str, fields: Body, minimal: Body) -> None:
    assert _ask(minimal, model, fields) == []


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("claude-opus-4.6", {"output_config": {"effort": "xhigh"}}),
        ("claude-opus-4.6", {"max_tokens": 64_001}),
        ("claude-opus-5", {"max_tokens": 1_023}),
        ("claude-opus-5", {"max_tokens": True}),
        ("claude-opus-5", {"thinking": {"display": "omitted"}}),
        ("claude-opus-5", {"thinking": "adaptive"}),
        ("claude-opus-5", {"reasoning": {"effort": "high"}}),
        ("gpt-5.6-sol", {"output_config": {"effort": "high"}}),
        ("gpt-5.6-sol", {"max_tokens": 2_000}),
        ("claude-sonnet-4.5", {"output_config": {"effort": "high"}}),
        ("claude-haiku-4.5", {}),
        ("glm-5", {"reasoning": {"effort": "high"}}),
    ],
)
def test_fields_that_are_not_the_models_are_refused(
    model: str, fields: Body, minimal: Body
) -> None:
    assert _ask(minimal, model, fields) == [("model-fields", "REQUEST_BODY_INVALID")]


def _replayed(body: Body, reasoning: Body) -> list[str | None]:
    said = {"content": "4", "reasoningContent": reasoning}
    body["conversationState"]["history"] = [
        {"userInputMessage": {"content": "2+2?"}},
        {"assistantResponseMessage": said},
    ]
    return [violation.reason for violation in violations(body)]


def test_thoughts_with_the_models_own_signature_are_accepted(minimal: Body) -> None:
    assert _replayed(minimal, {"reasoningText": SIGNED}) == []
    assert _replayed(minimal, {"redactedContent": "b3BhcXVl"}) == []


@pytest.mark.parametrize(
    "reasoning",
    [{}, {"redactedContent": "no base64"}, {"redactedContent": "YQ==", "reasoningText": SIGNED}],
)
def test_thoughts_have_one_form(reasoning: Body, minimal: Body) -> None:
    assert "REQUEST_BODY_INVALID" in _replayed(minimal, reasoning)


@pytest.mark.parametrize("signature", [None, "forged", signature_of("claude-opus-5", "easy")])
def test_thoughts_with_another_signature_are_refused(signature: str | None, minimal: Body) -> None:
    reasoning = {"reasoningText": {"text": "easy", "signature": signature}}
    assert _replayed(minimal, reasoning) == ["THINKING_SIGNATURE_INVALID"]
    assert violations(minimal)[0].message == (
        "messages.1.content.0: Invalid `signature` in `thinking` block"
    )
