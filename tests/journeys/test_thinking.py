"""Thinking, end to end: the official SDKs, the real server, and models of every family."""

from typing import Any

import anthropic
import openai
import pytest

OPUS, SONNET, SOL = "claude-opus-4.8", "claude-sonnet-4.5", "gpt-5.6-sol"
HELLO: Any = [{"role": "user", "content": "Hello, Claude!"}]
WEATHER: Any = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
}
BUDGET: Any = {"type": "enabled", "budget_tokens": 10_000}
DEBUG = '[log]\nlevel = "debug"\n'

# The SDK announces when Anthropic itself will retire a model or a way of thinking.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The model:DeprecationWarning", "ignore:Using Claude with:UserWarning"
)


@pytest.fixture
def claude(house: Any) -> anthropic.Anthropic:
    made: anthropic.Anthropic = house[0].anthropic()
    return made


@pytest.fixture
def gpt(house: Any) -> openai.OpenAI:
    made: openai.OpenAI = house[0].openai()
    return made


def create(client: anthropic.Anthropic, model: str = OPUS, **more: Any) -> Any:
    asked = {"max_tokens": 16_000, "messages": HELLO, **more}
    return client.messages.create(model=model, **asked)


def stream(client: anthropic.Anthropic, model: str = OPUS, **more: Any) -> Any:
    asked = {"max_tokens": 16_000, "messages": HELLO, **more}
    with client.messages.stream(model=model, **asked) as streamed:
        kinds = [event.type for event in streamed]
        return kinds, streamed.get_final_message()


def sent(house: Any) -> Any:
    return house[1].requests[-1].parsed()


def first_words(body: Any) -> str:
    state = body["conversationState"]
    turns = [*state.get("history", []), state["currentMessage"]]
    return str(turns[0]["userInputMessage"]["content"])


def test_an_older_claude_thinks_in_tags(house: Any, claude: anthropic.Anthropic) -> None:
    whole = create(claude, SONNET, thinking=BUDGET)
    kinds, streamed = stream(claude, SONNET, thinking=BUDGET)
    for reply in (whole, streamed):
        thought, text = reply.content
        assert thought.type == "thinking"
        assert thought.thinking.startswith("The user says")
        assert (thought.signature, text.type) == ("", "text")
        assert "<" not in thought.thinking + text.text
    assert kinds.index("thinking") < kinds.index("text")
    assert first_words(sent(house)).startswith(
        "<thinking_mode>enabled</thinking_mode><max_thinking_length>10000</max_thinking_length>"
    )
    assert "additionalModelRequestFields" not in sent(house)


def test_a_newer_claude_thinks_by_effort(house: Any, claude: anthropic.Anthropic) -> None:
    whole = create(claude, thinking=BUDGET)
    _, streamed = stream(claude, thinking=BUDGET)
    for reply in (whole, streamed):
        assert [block.type for block in reply.content] == ["thinking", "text"]
        assert reply.content[0].thinking
        assert reply.content[0].signature
    assert sent(house)["additionalModelRequestFields"] == {
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "medium"},
        "max_tokens": 16_000,
    }


def test_more_effort_is_more_thought(claude: anthropic.Anthropic) -> None:
    thoughts = [
        create(claude, thinking={"type": "adaptive"}, output_config={"effort": effort}).content[0]
        for effort in ("low", "max")
    ]
    assert len(thoughts[0].thinking) < len(thoughts[1].thinking)


def test_a_newer_claude_keeps_max_tokens_itself(claude: anthropic.Anthropic) -> None:
    messages = [{"role": "user", "content": f"[[sim:text say={'hello+world+' * 700}]]"}]
    reply = create(claude, messages=messages, max_tokens=1_024)
    assert reply.stop_reason == "max_tokens"
    assert len(reply.content[0].text) == 4_096


def test_omitted_thoughts_leave_their_signature(claude: anthropic.Anthropic) -> None:
    _, reply = stream(claude, thinking={"type": "adaptive", "display": "omitted"})
    thought, text = reply.content
    assert (thought.type, thought.thinking, text.type) == ("thinking", "", "text")
    assert thought.signature
    omitted: Any = {**BUDGET, "display": "omitted"}
    (text,) = create(claude, SONNET, thinking=omitted).content
    assert text.text.startswith("Hello!")


@pytest.mark.parametrize("thinking", [None, {"type": "disabled"}])
def test_who_does_not_ask_gets_no_thoughts(claude: anthropic.Anthropic, thinking: Any) -> None:
    asked = {} if thinking is None else {"thinking": thinking}
    messages = [{"role": "user", "content": "[[sim:thinking]]"}]
    (text,) = create(claude, messages=messages, **asked).content
    assert text.type == "text"


def test_the_models_name_may_ask(house: Any, claude: anthropic.Anthropic) -> None:
    thought, _ = create(claude, "claude-opus-4-8-thinking-low").content
    assert thought.type == "thinking"
    assert sent(house)["additionalModelRequestFields"]["output_config"] == {"effort": "low"}
    thought, _ = create(claude, "claude-sonnet-4-5-thinking").content
    assert thought.type == "thinking"


@pytest.mark.parametrize("name", ["thinking-tags-split", "thinking-twice"])
def test_tags_are_found_wherever_the_stream_is_cut(claude: anthropic.Anthropic, name: str) -> None:
    messages = [{"role": "user", "content": f"[[sim:{name}]]"}]
    _, reply = stream(claude, messages=messages, thinking=BUDGET)
    thought, text = reply.content
    assert thought.thinking.startswith("The user")
    assert text.text.startswith("Hello!")


def test_a_user_may_speak_of_the_tag(claude: anthropic.Anthropic) -> None:
    messages = [{"role": "user", "content": "[[sim:text say=<thinking>a</thinking>+b]]"}]
    (text,) = create(claude, messages=messages).content
    assert text.text == "<thinking>a</thinking> b"


def test_a_tool_round_brings_its_thoughts_back(house: Any, claude: anthropic.Anthropic) -> None:
    _, simulator = house
    refused = len(simulator.refused)
    messages: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
    for model in (OPUS, SONNET):
        asked: Any = {"tools": [WEATHER], "thinking": BUDGET}
        _, first = stream(claude, model, messages=messages, **asked)
        assert [block.type for block in first.content] == ["thinking", "text", "tool_use"]
        result = {
            "type": "tool_result",
            "tool_use_id": first.content[-1].id,
            "content": "18 degrees",
        }
        again = [
            *messages,
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ]
        told = create(claude, model, messages=again, **asked)
        assert "18 degrees" in told.content[-1].text
        said = sent(house)["conversationState"]["history"][1]["assistantResponseMessage"]
        thought = first.content[0]
        proved = {"reasoningText": {"text": thought.thinking, "signature": thought.signature}}
        assert said.get("reasoningContent") == (proved if model == OPUS else None)
    assert len(simulator.refused) == refused


def test_opaque_thoughts_of_gpt_go_back_in_their_round(
    house: Any, claude: anthropic.Anthropic
) -> None:
    messages: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
    asked: Any = {"tools": [WEATHER], "thinking": BUDGET}
    _, first = stream(claude, SOL, messages=messages, **asked)
    call, opaque = first.content[-2:]
    assert (call.type, opaque.type) == ("tool_use", "redacted_thinking")
    assert sent(house)["additionalModelRequestFields"] == {"reasoning": {"effort": "medium"}}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees"}
    messages += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    told = create(claude, SOL, messages=messages, **asked)
    assert "18 degrees" in told.content[0].text
    said = sent(house)["conversationState"]["history"][1]["assistantResponseMessage"]
    assert said["reasoningContent"] == {"redactedContent": opaque.data}
    messages += [
        {"role": "assistant", "content": told.content},
        {"role": "user", "content": "Thanks"},
    ]
    create(claude, SOL, messages=messages, **asked)
    assert b"redactedContent" not in house[1].requests[-1].body


def test_an_invalid_signature_costs_one_more_call(simulator: Any, start: Any) -> None:
    simulator.add_account("only")
    gateway = start(simulator, rest=DEBUG)
    claude = gateway.anthropic()
    forged = {"type": "thinking", "thinking": "hm", "signature": "Zm9yZ2Vk"}
    past: Any = [*HELLO, {"role": "assistant", "content": [forged, {"type": "text", "text": "Hi"}]}]
    for _ in range(2):
        reply = create(claude, messages=[*past, *HELLO], thinking=BUDGET)
        assert reply.content[-1].text.startswith("Hello!")
    gateway.wait_for("Kiro refused the earlier thinking: asked again without")
    assert (len(simulator.requests), len(simulator.refused)) == (2, 1)
    assert gateway.statuses()["only"]["state"] == "ready"


def test_fields_that_are_refused_are_dropped(simulator: Any, start: Any) -> None:
    simulator.add_account("only")
    gateway = start(simulator, rest=DEBUG)
    simulator.order("refuse", status=400, reason="REQUEST_BODY_INVALID")
    for _ in range(2):
        reply = create(gateway.anthropic(), thinking=BUDGET)
        assert [block.type for block in reply.content] == ["thinking", "text"]
    gateway.wait_for("Kiro refused the extra fields: asked again without")
    assert (len(simulator.requests), len(simulator.refused)) == (2, 1)


@pytest.mark.parametrize(("effort", "steps"), [("low", "low"), ("minimal", "low"), ("none", None)])
def test_gpt_reasons_by_effort(house: Any, gpt: openai.OpenAI, effort: Any, steps: Any) -> None:
    reply = gpt.chat.completions.create(model=SOL, messages=HELLO, reasoning_effort=effort)
    assert reply.choices[0].message.content
    assert sent(house)["additionalModelRequestFields"] == {"reasoning": {"effort": steps or "none"}}


@pytest.mark.parametrize("model", [OPUS, SONNET])
def test_openai_clients_see_the_thoughts_of_claude(gpt: openai.OpenAI, model: str) -> None:
    whole = gpt.chat.completions.create(model=model, messages=HELLO, reasoning_effort="high")
    message: Any = whole.choices[0].message
    assert message.reasoning_content.startswith("The user says")
    assert "<thinking>" not in message.content
    chunks = gpt.chat.completions.create(
        model=model, messages=HELLO, reasoning_effort="high", stream=True
    )
    deltas: list[Any] = [chunk.choices[0].delta for chunk in chunks]
    thoughts = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    assert thoughts == message.reasoning_content


def test_an_unknown_effort_is_told_by_its_place(gpt: openai.OpenAI) -> None:
    effort: Any = "huge"
    with pytest.raises(openai.BadRequestError, match="reasoning_effort: must be one of"):
        gpt.chat.completions.create(model=SOL, messages=HELLO, reasoning_effort=effort)
