from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ki2api.conversation import (
    Conversation,
    ImagePart,
    Metadata,
    ReplyFormat,
    Sampling,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
    Turn,
)
from ki2api.errors import ContextTooLong, RequestTooLarge
from ki2api.kiro.compose import Ids, Limits, compose
from ki2api.models import Catalogue

Hear = Callable[..., Any]
ARN = "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK"
TARGET = Catalogue().find("claude-sonnet-4-5-20250929")
IDS = Ids("c-1", "c-2")


def user(text: str) -> Turn:
    return Turn("user", (TextPart(text),))


def test_a_hello_is_the_minimal_request() -> None:
    composed = compose(Conversation("x", (user("Hello"),)), TARGET, IDS, ARN)
    assert msgspec.json.decode(composed.body) == {
        "conversationState": {
            "chatTriggerType": "MANUAL",
            "agentTaskType": "vibe",
            "conversationId": "c-1",
            "agentContinuationId": "c-2",
            "currentMessage": {
                "userInputMessage": {
                    "content": "Hello",
                    "modelId": "claude-sonnet-4.5",
                    "origin": "AI_EDITOR",
                }
            },
        },
        "profileArn": ARN,
    }
    assert composed.repairs == ()
    assert composed.not_honoured == ()


def test_without_a_profile_none_is_named() -> None:
    assert b"profileArn" not in compose(Conversation("x", (user("Hello"),)), TARGET, IDS).body


def test_a_tool_round_trip_is_what_the_official_client_sends() -> None:
    schema = b'{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}'
    conversation = Conversation(
        "x",
        (
            user("Weather in Paris?"),
            Turn(
                "assistant",
                (
                    TextPart("I'll check."),
                    ToolCallPart("tooluse_AbC", "get_weather", '{"city":"Paris"}'),
                ),
            ),
            Turn("user", (ToolResultPart("tooluse_AbC", (TextPart("18 °C"),)),)),
        ),
        tools=(Tool("get_weather", "Weather by city", msgspec.Raw(schema)),),
    )
    composed = compose(conversation, TARGET, IDS)
    state = msgspec.json.decode(composed.body)["conversationState"]
    assert state["history"] == [
        {
            "userInputMessage": {
                "content": "Weather in Paris?",
                "modelId": "claude-sonnet-4.5",
                "origin": "AI_EDITOR",
            }
        },
        {
            "assistantResponseMessage": {
                "content": "I'll check.",
                "toolUses": [
                    {
                        "toolUseId": "tooluse_AbC",
                        "name": "get_weather",
                        "input": {"city": "Paris"},
                    }
                ],
            }
        },
    ]
    assert state["currentMessage"]["userInputMessage"] == {
        "content": "",
        "modelId": "claude-sonnet-4.5",
        "origin": "AI_EDITOR",
        "userInputMessageContext": {
            "tools": [
                {
                    "toolSpecification": {
                        "name": "get_weather",
                        "description": "Weather by city",
                        "inputSchema": {"json": msgspec.json.decode(schema)},
                    }
                }
            ],
            "toolResults": [
                {
                    "toolUseId": "tooluse_AbC",
                    "status": "success",
                    "content": [{"text": "18 °C"}],
                }
            ],
        },
    }
    assert composed.repairs == ()


def test_the_same_conversation_gives_the_same_bytes() -> None:
    def body() -> bytes:
        return compose(Conversation("x", (user("a"), user("b"))), TARGET, IDS).body

    assert body() == body()


@pytest.mark.parametrize(
    ("text", "passes"),
    [("x" * 600, True), ("x" * 900, False), ("é" * 60, True), ("é" * 120, False)],
)
def test_a_conversation_is_weighed(hear: Hear, text: str, passes: bool) -> None:  # noqa: FBT001 - a table
    limits = Limits(max_weight=1_000)
    if passes:
        assert hear(user(text), limits=limits)
    else:
        with pytest.raises(ContextTooLong, match=r"has \d+ tokens, and \d+ are possible"):
            hear(user(text), limits=limits)


def test_the_numbers_of_a_conversation_that_is_too_long_are_sound(hear: Hear) -> None:
    with pytest.raises(ContextTooLong) as caught:
        hear(user("春" * 1_000), limits=Limits(max_weight=1_000))
    assert caught.value.tokens is not None
    assert caught.value.most is not None
    assert caught.value.tokens > caught.value.most > 0


def test_a_larger_window_takes_more(hear: Hear) -> None:
    assert hear(user("x" * 2_000), limits=Limits(max_weight=1_000), model="claude-opus-5")


def test_images_have_no_weight(hear: Hear, png: str) -> None:
    images = tuple(ImagePart("png", png) for _ in range(10))
    limits = Limits(max_weight=1_300)
    assert hear(Turn("user", images), limits=limits)
    with pytest.raises(ContextTooLong):
        hear(Turn("user", images), user("x" * 1_300), limits=limits)


def test_tools_that_are_too_much_by_themselves_are_no_matter_of_the_context(hear: Hear) -> None:
    tools = (Tool("t", "x" * 900, msgspec.Raw(b"{}")),)
    with pytest.raises(RequestTooLarge) as caught:
        hear(user("hi"), tools=tools, limits=Limits(max_weight=900))
    assert caught.value.path == "tools"


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"sampling": Sampling(max_tokens=1)}, ("max_tokens",)),
        ({"sampling": Sampling(temperature=0.0)}, ("temperature",)),
        ({"sampling": Sampling(top_p=0.0)}, ("top_p",)),
        ({"sampling": Sampling(stop=("x",))}, ("stop",)),
        ({"tool_choice": ToolChoice("any")}, ("tool_choice",)),
        ({"tool_choice": ToolChoice("named", "t")}, ("tool_choice",)),
        ({"tool_choice": ToolChoice("none")}, ()),
        ({"tool_choice": ToolChoice(parallel=False)}, ("parallel_tool_calls",)),
        ({"sampling": Sampling(max_tokens=2_000), "model": "claude-opus-5"}, ()),
        ({"thinking": Thinking(enabled=True)}, ()),
        ({"thinking": Thinking(enabled=True), "model": "glm-5"}, ("thinking",)),
        ({"thinking": Thinking(enabled=False)}, ()),
        ({"thinking": Thinking(budget=0)}, ("thinking",)),
        ({"thinking": Thinking(effort="low")}, ("effort",)),
        ({"thinking": Thinking(effort="low"), "model": "claude-opus-5"}, ()),
        ({"not_honoured": ("seed", "stop"), "sampling": Sampling(stop=("x",))}, ("seed", "stop")),
        ({"metadata": Metadata("me", "s")}, ()),
        ({"reply_format": ReplyFormat("json")}, ("response_format",)),
        ({"tools": (Tool("f", "F", msgspec.Raw(b"{}"), strict=True),)}, ("strict",)),
    ],
)
def test_what_kiro_has_no_field_for_is_named(
    hear: Hear, asked: Any, named: tuple[str, ...]
) -> None:
    assert hear(user("hi"), **asked).composed.not_honoured == named
