"""The official `openai` SDK against the real server and the simulator."""

import base64
import struct
import zlib
from typing import Any

import openai
import pytest

MODEL = "claude-sonnet-4-5-20250929"
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
    },
}
CLOCK: Any = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "Get the current time in a given location",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
        },
    },
}


def png(width: int, height: int) -> str:
    def block(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x7f" * width for _ in range(height)))
    data = b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head) + block(b"IDAT", rows) + block(b"IEND", b"")
    return base64.b64encode(data).decode()


@pytest.fixture
def client(house: Any) -> openai.OpenAI:
    gateway, _ = house
    made: openai.OpenAI = gateway.openai()
    return made


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    ids = [model.id for model in client.models.list()]
    assert "claude-sonnet-4.5" in ids
    assert client.models.retrieve("claude-sonnet-4.5").id == "claude-sonnet-4.5"


@pytest.mark.parametrize("model", [MODEL, "claude-sonnet-4.5"])
def test_a_whole_answer_names_the_model_as_the_client_does(
    client: openai.OpenAI, model: str
) -> None:
    reply = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hello there!"}], max_tokens=1000
    )
    assert reply.model == model
    assert reply.choices[0].message.content
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.completion_tokens > 0


def test_a_streamed_answer_comes_in_pieces_and_says_its_usage(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "你好，请介绍一下自己"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert len(chunks) > 3
    assert any("\u4e00" <= letter <= "\u9fff" for letter in text)
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []


def test_system_and_history_reach_kiro_in_order(house: Any, client: openai.OpenAI) -> None:
    _, simulator = house
    client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": "Answer like a pirate."},
            {"role": "user", "content": "First question"},
            {"role": "assistant", "content": "First answer"},
            {"role": "user", "content": "Second question"},
        ],
    )
    state = simulator.requests[-1].parsed()["conversationState"]
    first, answer = state["history"]
    assert first["userInputMessage"]["content"] == "Answer like a pirate.\n\nFirst question"
    assert answer["assistantResponseMessage"]["content"] == "First answer"
    assert state["currentMessage"]["userInputMessage"]["content"] == "Second question"


def test_an_image_reaches_kiro(house: Any, client: openai.OpenAI) -> None:
    _, simulator = house
    url = f"data:image/png;base64,{png(12, 7)}"
    reply = client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is in this image?"},
                    {"type": "image_url", "image_url": {"url": url}},
                ],
            }
        ],
    )
    sent = simulator.requests[-1].parsed()["conversationState"]["currentMessage"]
    assert sent["userInputMessage"]["images"][0]["format"] == "png"
    assert "12" in (reply.choices[0].message.content or "")


def test_one_tool_goes_round(client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "What is the weather in San Francisco?"}]
    asked = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    assert asked.choices[0].finish_reason == "tool_calls"
    (call,) = asked.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "get_weather"
    assert "San Francisco" in call.function.arguments
    messages += [
        asked.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "18 degrees and foggy"},
    ]
    told = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    assert told.choices[0].finish_reason == "stop"
    assert "18 degrees" in (told.choices[0].message.content or "")


def test_two_tools_in_parallel_are_streamed_apart(client: openai.OpenAI) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "Tell me both the weather and the time in Paris."}
    ]
    with client.chat.completions.stream(
        model=MODEL, messages=messages, tools=[WEATHER, CLOCK]
    ) as stream:
        for _ in stream:
            pass
        asked = stream.get_final_completion()
    calls = asked.choices[0].message.tool_calls or []
    assert sorted(call.function.name for call in calls) == ["get_time", "get_weather"]
    assert all("Paris" in call.function.arguments for call in calls)
    assert len({call.id for call in calls}) == 2
    messages.append(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.function.name, "arguments": call.function.arguments},
                }
                for call in calls
            ],
        }
    )
    messages += [
        {"role": "tool", "tool_call_id": call.id, "content": f"result of {call.function.name}"}
        for call in reversed(calls)
    ]
    told = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER, CLOCK])
    text = told.choices[0].message.content or ""
    assert "result of get_weather" in text
    assert "result of get_time" in text


def test_a_wrong_key_is_an_authentication_error(house: Any) -> None:
    gateway, simulator = house
    before = len(simulator.requests)
    with pytest.raises(openai.AuthenticationError) as caught:
        gateway.openai(api_key="wrong", max_retries=2).chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hi"}]
        )
    assert caught.value.code == "invalid_api_key"
    assert caught.value.request_id
    assert len(simulator.requests) == before


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(
            model="no-such-model", messages=[{"role": "user", "content": "Hi"}]
        )
    assert caught.value.code == "model_not_found"


def test_a_bad_request_names_its_place(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Hi"}],
            n=3,
        )
    assert "n" in str(caught.value.param or caught.value.message)
    bad: Any = [{"role": "user", "content": [{"type": "hologram", "hologram": 1}]}]
    with pytest.raises(openai.BadRequestError, match=r"messages\[0\]\.content\[0\]"):
        client.chat.completions.create(model=MODEL, messages=bad)


def test_an_error_in_the_middle_of_a_stream_is_raised(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "[[sim:exception]] Hello"}],
        stream=True,
    )
    with pytest.raises(openai.APIError):
        list(stream)
