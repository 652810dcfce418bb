"""The shape of a request, its model and its size."""

import base64
from typing import Any

import pytest

from ki2api.simulator.rules import violations, weight

Body = dict[str, Any]


def _state(body: Body) -> Body:
    state: Body = body["conversationState"]
    return state


def _rules(body: Body) -> list[str]:
    return [violation.rule for violation in violations(body)]


def test_an_unknown_member_at_the_top_is_refused(minimal: Body) -> None:
    broken = violations({**minimal, "systemPrompt": "Be kind"})
    assert [(v.rule, v.reason) for v in broken] == [("top-level-field", "REQUEST_BODY_INVALID")]


def test_members_that_were_seen_to_pass_are_accepted(minimal: Body) -> None:
    assert violations({**minimal, "agentMode": "vibe", "inferenceConfig": {"maxTokens": 9}}) == []


def test_an_unknown_member_inside_is_ignored(minimal: Body) -> None:
    _state(minimal)["systemPrompt"] = "Be kind"
    assert violations(minimal) == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("currentMessage", None),
        ("currentMessage", {}),
        ("chatTriggerType", None),
        ("conversationId", 7),
        ("history", {}),
        ("history", [{}]),
        ("agentTaskType", "chat"),
    ],
)
def test_a_request_of_another_shape_is_refused(member: str, value: Any, minimal: Body) -> None:
    _state(minimal)[member] = value
    assert _rules(minimal) == ["schema"]


def test_a_turn_of_both_roles_is_refused(minimal: Body) -> None:
    _state(minimal)["currentMessage"]["assistantResponseMessage"] = {"content": "x"}
    assert _rules(minimal) == ["schema"]


def test_an_unknown_origin_is_refused(minimal: Body) -> None:
    _state(minimal)["currentMessage"]["userInputMessage"]["origin"] = "KI2API"
    assert _rules(minimal) == ["schema"]


def test_an_unknown_model_is_refused(minimal: Body) -> None:
    _state(minimal)["currentMessage"]["userInputMessage"]["modelId"] = "gpt-4o"
    broken = violations(minimal)
    assert [(v.rule, v.reason) for v in broken] == [("H21", "INVALID_MODEL_ID")]
    assert broken[0].message == "Invalid model. Please select a different model to continue."


def test_a_request_may_leave_the_model_to_the_service(minimal: Body) -> None:
    del _state(minimal)["currentMessage"]["userInputMessage"]["modelId"]
    assert violations(minimal) == []


@pytest.mark.parametrize(
    ("model", "letters", "passes"),
    [
        ("claude-sonnet-4.5", "x" * 1_320_000, True),
        ("claude-sonnet-4.5", "x" * 1_360_000, False),
        ("claude-sonnet-4.5", "春" * 160_000, True),
        ("claude-sonnet-4.5", "春" * 170_000, False),
        ("claude-opus-5", "x" * 3_400_000, True),
        ("claude-opus-5", "x" * 4_500_000, False),
    ],
)
def test_a_body_is_weighed(model: str, letters: str, passes: bool, minimal: Body) -> None:  # noqa: FBT001 - a column of the table
    _state(minimal)["currentMessage"]["userInputMessage"].update(content=letters, modelId=model)
    reasons = [violation.reason for violation in violations(minimal)]
    assert reasons == ([] if passes else ["CONTENT_LENGTH_EXCEEDS_THRESHOLD"])


def test_a_letter_beyond_ascii_weighs_eight() -> None:
    assert weight({"a": "xé"}) == len('{"a":"x"}') + 8


def test_images_have_limits_of_their_own(minimal: Body) -> None:
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(2_000_000)).decode()
    image = {"format": "png", "source": {"bytes": png}}
    _state(minimal)["currentMessage"]["userInputMessage"].update(images=[image])
    assert "size" not in [violation.rule for violation in violations(minimal)]
