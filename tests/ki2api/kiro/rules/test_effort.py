"""What is asked of thinking is said in the words of each family of models."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ki2api.conversation import Conversation, Sampling, TextPart, Thinking, Turn
from ki2api.kiro.compose import Ids, Learnt, compose
from ki2api.models import Model, Target

Hear = Callable[..., Any]
ASK = Turn("user", (TextPart("go"),))
ADAPTIVE = {"type": "adaptive", "display": "summarized"}
DISABLED = {"type": "disabled"}


def effort(word: str, **more: Any) -> dict[str, Any]:
    return {**more, "output_config": {"effort": word}}


@pytest.mark.parametrize(
    ("thinking", "fields"),
    [
        (Thinking(), None),
        (Thinking(display="summarized"), None),
        (Thinking(enabled=True), {"thinking": ADAPTIVE}),
        (
            Thinking(enabled=True, display="omitted"),
            {"thinking": {"type": "adaptive", "display": "omitted"}},
        ),
        (Thinking(enabled=True, budget=1_024), effort("low", thinking=ADAPTIVE)),
        (Thinking(enabled=True, budget=10_000), effort("medium", thinking=ADAPTIVE)),
        (Thinking(enabled=True, budget=31_999), effort("high", thinking=ADAPTIVE)),
        (Thinking(enabled=True, budget=65_536), effort("xhigh", thinking=ADAPTIVE)),
        (Thinking(enabled=True, budget=65_537), effort("max", thinking=ADAPTIVE)),
        (Thinking(enabled=True, budget=1_024, effort="max"), effort("max", thinking=ADAPTIVE)),
        (Thinking(effort="low"), effort("low")),
        (Thinking(effort="minimal"), effort("low")),
        (Thinking(effort="none"), effort("low")),
        (Thinking(enabled=False), {"thinking": DISABLED}),
        (Thinking(enabled=False, effort="low"), effort("low", thinking=DISABLED)),
    ],
)
def test_newer_claudes_get_an_effort_and_a_kind_of_thinking(
    hear: Hear, thinking: Thinking, fields: Any
) -> None:
    heard = hear(ASK, model="claude-opus-4.8", thinking=thinking)
    assert heard.body.get("additionalModelRequestFields") == fields
    assert heard.composed.has_fields == (fields is not None)
    assert heard.composed.not_honoured == ()
    assert heard.turns[0]["content"] == "go"


@pytest.mark.parametrize(
    ("thinking", "fields"),
    [
        (Thinking(), None),
        (Thinking(enabled=True), None),
        (Thinking(enabled=True, effort="high"), {"reasoning": {"effort": "high"}}),
        (Thinking(enabled=True, effort="minimal"), {"reasoning": {"effort": "low"}}),
        (Thinking(enabled=True, budget=1_024), {"reasoning": {"effort": "low"}}),
        (Thinking(enabled=False), {"reasoning": {"effort": "none"}}),
    ],
)
def test_gpt_models_get_an_effort(hear: Hear, thinking: Thinking, fields: Any) -> None:
    heard = hear(ASK, model="gpt-5.6-sol", thinking=thinking)
    assert heard.body.get("additionalModelRequestFields") == fields
    assert heard.composed.not_honoured == ()


@pytest.mark.parametrize(
    ("thinking", "length"),
    [
        (Thinking(enabled=True), 16_384),
        (Thinking(enabled=True, budget=5), 1_024),
        (Thinking(enabled=True, budget=2_000, effort="max"), 2_000),
        (Thinking(enabled=True, budget=31_999), 24_576),
        (Thinking(enabled=True, effort="minimal"), 1_024),
        (Thinking(enabled=True, effort="low"), 4_096),
        (Thinking(enabled=True, effort="medium"), 8_192),
        (Thinking(enabled=True, effort="max", display="omitted"), 24_576),
        (Thinking(enabled=True, effort="none"), 16_384),
    ],
)
def test_older_claudes_are_asked_by_tags(hear: Hear, thinking: Thinking, length: int) -> None:
    heard = hear(ASK, thinking=thinking, system=(TextPart("Be brief."),))
    assert heard.turns[0]["content"] == (
        "<thinking_mode>enabled</thinking_mode>"
        f"<max_thinking_length>{length}</max_thinking_length>\n\nBe brief.\n\ngo"
    )
    assert "additionalModelRequestFields" not in heard.body
    assert heard.composed.not_honoured == ()
    assert str(length) in heard.composed.repairs[0].text


def test_tags_that_the_caller_wrote_are_left_alone(hear: Hear) -> None:
    own = "<thinking_mode>adaptive</thinking_mode>"
    heard = hear(ASK, thinking=Thinking(enabled=True), system=(TextPart(own),))
    assert heard.turns[0]["content"] == f"{own}\n\ngo"
    assert heard.composed.hearing.tagged is True


@pytest.mark.parametrize("thinking", [Thinking(), Thinking(enabled=False)])
def test_older_claudes_are_not_told_what_they_do_anyway(hear: Hear, thinking: Thinking) -> None:
    heard = hear(ASK, thinking=thinking)
    assert heard.turns[0]["content"] == "go"
    assert heard.composed.repairs == heard.composed.not_honoured == ()


@pytest.mark.parametrize("model", ["auto", "glm-5", "deepseek-3.2"])
def test_other_models_take_nothing(hear: Hear, model: str) -> None:
    heard = hear(ASK, model=model, thinking=Thinking(enabled=True, budget=9, effort="low"))
    assert "additionalModelRequestFields" not in heard.body
    assert heard.turns[0]["content"] == "go"
    assert heard.composed.not_honoured == ("thinking", "effort")


def test_what_was_downgraded_is_told(hear: Hear) -> None:
    heard = hear(ASK, model="claude-opus-4.6", thinking=Thinking(effort="xhigh"))
    assert heard.body["additionalModelRequestFields"] == effort("high")
    (told,) = heard.composed.repairs
    assert (told.at, told.text) == ("effort", "xhigh is not the model's, high was asked for")
    heard = hear(ASK, model="claude-opus-4.6", thinking=Thinking(enabled=True, budget=10_000))
    (told,) = heard.composed.repairs
    assert told.text == "a budget of 10000 tokens was asked for as effort medium"


def test_a_token_limit_goes_to_a_model_that_keeps_it(hear: Hear) -> None:
    heard = hear(ASK, model="claude-opus-4.8", sampling=Sampling(max_tokens=4_096))
    assert heard.body["additionalModelRequestFields"] == {"max_tokens": 4_096}
    assert heard.composed.not_honoured == ()


def test_a_model_that_refused_its_fields_is_asked_without(hear: Hear) -> None:
    asked = {
        "thinking": Thinking(enabled=True, effort="low"),
        "sampling": Sampling(max_tokens=4_096),
        "learnt": Learnt(refuses_fields=True),
    }
    heard = hear(ASK, model="claude-opus-4.8", **asked)
    assert "additionalModelRequestFields" not in heard.body
    assert "<max_thinking_length>4096<" in heard.turns[0]["content"]
    assert heard.composed.not_honoured == ("max_tokens",)
    heard = hear(ASK, model="gpt-5.6-sol", **asked)
    assert heard.composed.not_honoured == ("max_tokens", "thinking", "effort")


@pytest.mark.parametrize(
    ("schema", "thinking", "fields", "ignored"),
    [
        (
            {"output_config": ["low", "high"]},
            Thinking(enabled=True, effort="medium"),
            effort("low"),
            (),
        ),
        ({"output_config": ["high"]}, Thinking(enabled=False), None, ("thinking",)),
        ({"output_config": ["ultra"]}, Thinking(effort="ultra"), effort("ultra"), ()),
        ({"output_config": ["low"]}, Thinking(effort="ultra"), None, ("effort",)),
        ({"output_config": ["ultra"]}, Thinking(budget=5), None, ("thinking",)),
        (
            {"thinking": ["adaptive"]},
            Thinking(enabled=True, effort="low"),
            {"thinking": {"type": "adaptive"}},
            ("effort",),
        ),
        ({"thinking": ["enabled"]}, Thinking(enabled=True), None, ("thinking",)),
    ],
)
def test_the_models_own_schema_is_kept_to(
    schema: dict[str, list[str]], thinking: Thinking, fields: Any, ignored: tuple[str, ...]
) -> None:
    inner = {"output_config": "effort", "thinking": "type"}
    properties = {
        name: {"properties": {inner[name]: {"enum": words}}} for name, words in schema.items()
    }
    raw = msgspec.Raw(msgspec.json.encode({"properties": properties}))
    target = Target("x", Model("claude-new", fields_schema=raw))
    composed = compose(Conversation("x", (ASK,), thinking=thinking), target, Ids("a", "b"))
    body = msgspec.json.decode(composed.body)
    assert body.get("additionalModelRequestFields") == fields
    assert composed.not_honoured == ignored
