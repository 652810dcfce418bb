"""The official `anthropic` SDK against the real server and the simulator."""

from typing import Any

import anthropic
import pytest

MODEL = "claude-sonnet-4-5-20250929"
IN_TWO_READS = "[[sim:pause after=2 seconds=0.3]]"
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
PLACE: Any = {
    "type": "object",
    "properties": {"location": {"type": "string"}},
    "required": ["location"],
}
WEATHER: Any = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": PLACE,
}
CLOCK: Any = {
    "name": "get_time",
    "description": "Get the current time in a given location",
    "input_schema": PLACE,
}

# The SDK announces when Anthropic itself will retire a model; that is not ours to heed.
pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")


@pytest.fixture
def client(house: Any) -> anthropic.Anthropic:
    gateway, _ = house
    made: anthropic.Anthropic = gateway.anthropic()
    return made


def hello(client: anthropic.Anthropic, **more: Any) -> Any:
    asked = {"max_tokens": 1024, "messages": [{"role": "user", "content": "Hello, Claude!"}]}
    return client.messages.create(**{"model": MODEL, **asked, **more})


def test_models_are_listed_and_found(client: anthropic.Anthropic) -> None:
    ids = [model.id for model in client.models.list()]
    assert "claude-sonnet-4.5" in ids
    assert client.models.retrieve("claude-sonnet-4.5").type == "model"


@pytest.mark.parametrize("model", [MODEL, "claude-sonnet-4.5"])
def test_a_whole_answer(client: anthropic.Anthropic, model: str) -> None:
    reply = hello(client, model=model)
    assert reply.model == model
    assert reply.id.startswith("msg_")
    assert reply.stop_reason == "end_turn"
    assert reply.content[0].text
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0


def test_a_streamed_answer(client: anthropic.Anthropic) -> None:
    said = f"{IN_TWO_READS} 写一首关于春天的诗"
    with client.messages.stream(
        model=MODEL, max_tokens=500, messages=[{"role": "user", "content": said}]
    ) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == final.content[0].text  # type: ignore[union-attr]  # it is text
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens > 0


def test_system_blocks_and_history_reach_kiro_in_order(
    house: Any, client: anthropic.Anthropic
) -> None:
    _, simulator = house
    hello(
        client,
        system=[{"type": "text", "text": "Be terse."}, {"type": "text", "text": "Be kind."}],
        messages=[
            {"role": "user", "content": "First question"},
            {"role": "assistant", "content": [{"type": "text", "text": "First answer"}]},
            {"role": "user", "content": [{"type": "text", "text": "Second question"}]},
        ],
    )
    state = simulator.requests[-1].parsed()["conversationState"]
    first = state["history"][0]["userInputMessage"]["content"]
    assert first.index("Be terse.") < first.index("Be kind.") < first.index("First question")
    assert state["currentMessage"]["userInputMessage"]["content"] == "Second question"


def test_an_image_reaches_kiro(house: Any, client: anthropic.Anthropic) -> None:
    _, simulator = house
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    hello(
        client,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": source},
                    {"type": "text", "text": "What is this?"},
                ],
            }
        ],
    )
    sent = simulator.requests[-1].parsed()["conversationState"]["currentMessage"]
    assert sent["userInputMessage"]["images"] == [{"format": "png", "source": {"bytes": PIXEL}}]


def test_one_tool_goes_round(client: anthropic.Anthropic) -> None:
    messages: list[Any] = [{"role": "user", "content": "What is the weather in San Francisco?"}]
    asked = hello(client, messages=messages, tools=[WEATHER])
    assert asked.stop_reason == "tool_use"
    call = asked.content[-1]
    assert (call.type, call.name) == ("tool_use", "get_weather")
    assert call.input == {"location": "San Francisco"}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees"}
    messages += [
        {"role": "assistant", "content": [block.model_dump() for block in asked.content]},
        {"role": "user", "content": [result]},
    ]
    told = hello(client, messages=messages, tools=[WEATHER])
    assert told.stop_reason == "end_turn"
    assert "18 degrees" in told.content[0].text


def test_two_parallel_tools_stream_and_go_round(house: Any, client: anthropic.Anthropic) -> None:
    _, simulator = house
    messages: list[Any] = [
        {"role": "user", "content": "Tell me both the weather and the time in Paris."}
    ]
    with client.messages.stream(
        model=MODEL, max_tokens=1024, messages=messages, tools=[WEATHER, CLOCK]
    ) as stream:
        asked = stream.get_final_message()
    calls = [block for block in asked.content if block.type == "tool_use"]
    assert sorted(call.name for call in calls) == ["get_time", "get_weather"]
    assert all(call.input == {"location": "Paris"} for call in calls)
    results: list[Any] = [
        {
            "type": "tool_result",
            "tool_use_id": calls[1].id,
            "is_error": True,
            "content": [{"type": "text", "text": "the clock is broken"}],
        },
        {
            "type": "tool_result",
            "tool_use_id": calls[0].id,
            "content": [
                {"type": "text", "text": "see the picture"},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
                },
            ],
        },
    ]
    messages += [
        {"role": "assistant", "content": [block.model_dump() for block in asked.content]},
        {"role": "user", "content": results},
    ]
    told = hello(client, messages=messages, tools=[WEATHER, CLOCK])
    assert told.stop_reason == "end_turn"
    sent = simulator.requests[-1].parsed()["conversationState"]["currentMessage"]
    context = sent["userInputMessage"]["userInputMessageContext"]
    assert [result["status"] for result in context["toolResults"]] == ["success", "error"]
    assert len(sent["userInputMessage"]["images"]) == 1


def test_the_sdks_own_tool_runner_goes_round(house: Any, client: anthropic.Anthropic) -> None:
    asked: list[str] = []

    @anthropic.beta_tool
    def get_weather(location: str) -> str:
        """Get the current weather in a given location."""
        asked.append(location)
        return "12 degrees and rain"

    runner = client.beta.messages.tool_runner(
        model=MODEL,
        max_tokens=1024,
        tools=[get_weather],
        messages=[{"role": "user", "content": "What is the weather in Oslo?"}],
    )
    final = runner.until_done()
    assert asked == ["Oslo"]
    assert "12 degrees" in final.content[0].text  # type: ignore[union-attr]  # it is text


def test_tokens_are_counted(client: anthropic.Anthropic) -> None:
    short = client.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": "Hi"}])
    long = client.messages.count_tokens(
        model=MODEL, messages=[{"role": "user", "content": "Hi there " * 100}], tools=[WEATHER]
    )
    assert 0 < short.input_tokens < long.input_tokens


def test_a_wrong_key_is_an_authentication_error(house: Any) -> None:
    gateway, _ = house
    with pytest.raises(anthropic.AuthenticationError) as caught:
        hello(gateway.anthropic(api_key="wrong"))
    assert caught.value.request_id
    assert caught.value.body["error"]["type"] == "authentication_error"  # type: ignore[index]


def test_an_unknown_model_is_not_found(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        hello(client, model="no-such-model")


def test_a_bad_request_names_its_place(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match=r"messages\[0\]\.content\[0\]"):
        hello(client, messages=[{"role": "user", "content": [{"type": "hologram"}]}])
    with pytest.raises(anthropic.BadRequestError, match="messages"):
        hello(client, messages=[])


def test_an_error_in_the_middle_of_a_stream_is_raised(client: anthropic.Anthropic) -> None:
    with (
        pytest.raises(anthropic.APIStatusError),
        client.messages.stream(
            model=MODEL,
            max_tokens=100,
            messages=[{"role": "user", "content": "[[sim:exception]] Hello"}],
        ) as stream,
    ):
        stream.until_done()
