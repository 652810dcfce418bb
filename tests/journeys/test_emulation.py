"""What Kiro has no field for, seen by the official SDKs: kept, or told that it was not."""

from typing import Any

import anthropic
import openai
import pydantic
import pytest

from ki2api.simulator import Simulator, SimulatorOptions

MODEL = "claude-sonnet-4.5"
HEADER = "x-ki2api-emulated"
HELLO: Any = [{"role": "user", "content": "Hello!"}]
PARAMETERS: Any = {
    "type": "object",
    "properties": {"location": {"type": "string"}},
    "required": ["location"],
    "additionalProperties": False,
}
WEATHER: Any = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Weather", "parameters": PARAMETERS},
}
CLOCK: Any = {
    "type": "function",
    "function": {"name": "get_time", "description": "Time", "parameters": PARAMETERS},
}
WEATHER_TOOL: Any = {"name": "get_weather", "description": "Weather", "input_schema": PARAMETERS}
NAMED: Any = {"type": "function", "function": {"name": "get_weather"}}


class Point(pydantic.BaseModel):
    x: int
    y: int


@pytest.fixture
def kiro(house: Any) -> Simulator:
    made: Simulator = house[1]
    return made


@pytest.fixture
def chat(house: Any) -> openai.OpenAI:
    made: openai.OpenAI = house[0].openai()
    return made


@pytest.fixture
def claude(house: Any) -> anthropic.Anthropic:
    made: anthropic.Anthropic = house[0].anthropic()
    return made


def say(kiro: Simulator, *replies: str) -> None:
    """Order what the model says next, reply by reply."""
    for reply in replies:
        kiro.order("text", say=reply.replace(" ", "+"))


def asked(kiro: Simulator) -> Any:
    """Return the last question that Kiro took, its words and its tools."""
    current = kiro.requests[-1].parsed()["conversationState"]["currentMessage"]
    message = current["userInputMessage"]
    tools = message.get("userInputMessageContext", {}).get("tools", [])
    return message["content"], [tool["toolSpecification"]["name"] for tool in tools]


def chat_text(stream: Any) -> tuple[str, str | None]:
    chunks = [chunk.choices[0] for chunk in stream if chunk.choices]
    return "".join(c.delta.content or "" for c in chunks), chunks[-1].finish_reason


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_string_ends_the_reply(
    kiro: Simulator, claude: anthropic.Anthropic, *, stream: bool
) -> None:
    say(kiro, "one two three four")
    asked: Any = {"model": MODEL, "max_tokens": 99, "messages": HELLO}
    with claude.messages.with_streaming_response.create(
        **asked, stop_sequences=["three", "x"], stream=stream
    ) as response:
        assert response.headers[HEADER] == "max_tokens, stop"
    say(kiro, "one two three four")
    if stream:
        with claude.messages.stream(**asked, stop_sequences=["three", "x"]) as events:
            reply = events.get_final_message()
    else:
        reply = claude.messages.create(**asked, stop_sequences=["three", "x"])
    assert [block.text for block in reply.content] == ["one two "]  # type: ignore[union-attr]  # it is text
    assert (reply.stop_reason, reply.stop_sequence) == ("stop_sequence", "three")
    assert 0 < reply.usage.output_tokens < 9


@pytest.mark.parametrize("stream", [False, True])
def test_chat_completions_stop_too(kiro: Simulator, chat: openai.OpenAI, *, stream: bool) -> None:
    say(kiro, "one two three four")
    reply: Any = chat.chat.completions.create(
        model=MODEL, messages=HELLO, stop="three", stream=stream
    )
    if stream:
        assert chat_text(reply) == ("one two ", "stop")
    else:
        assert reply.choices[0].message.content == "one two "
        assert reply.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_a_probe_of_one_token_gets_one(
    kiro: Simulator, claude: anthropic.Anthropic, *, stream: bool
) -> None:
    say(kiro, "Hello there, and so on")
    asked: Any = {"model": MODEL, "max_tokens": 1, "messages": HELLO}
    if stream:
        with claude.messages.stream(**asked) as events:
            reply = events.get_final_message()
    else:
        reply = claude.messages.create(**asked)
    assert reply.stop_reason == "max_tokens"
    assert reply.usage.output_tokens == 1
    assert reply.content[0].text == "H"  # type: ignore[union-attr]  # it is text


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_is_cut_is_no_call(
    kiro: Simulator, claude: anthropic.Anthropic, *, stream: bool
) -> None:
    kiro.order("tool", location="a-very-long-place-name-in-the-far-west-of-wales")
    asked: Any = {"model": MODEL, "max_tokens": 8, "messages": HELLO, "tools": [WEATHER_TOOL]}
    if stream:
        with claude.messages.stream(**asked) as events:
            reply = events.get_final_message()
        assert [block.type for block in reply.content] == ["text", "tool_use"]
    else:
        reply = claude.messages.create(**asked)
        assert [block.type for block in reply.content] == ["text"]
    assert reply.stop_reason == "max_tokens"


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_is_cut_comes_broken_off_to_chat_completions(
    kiro: Simulator, chat: openai.OpenAI, *, stream: bool
) -> None:
    kiro.order("tool", location="a-very-long-place-name-in-the-far-west-of-wales")
    asked: Any = {"model": MODEL, "max_tokens": 8, "messages": HELLO, "tools": [WEATHER]}
    if stream:
        with chat.chat.completions.stream(**asked) as events:
            chunks = [event for event in events if event.type == "chunk"]
        choice: Any = chunks[-1].snapshot.choices[0]
    else:
        choice = chat.chat.completions.create(**asked).choices[0]
    assert choice.finish_reason == "length"
    assert choice.message.tool_calls[0].function.arguments.startswith('{"location"')
    assert not choice.message.tool_calls[0].function.arguments.endswith("}")


def test_a_named_tool_is_the_only_one_offered_and_must_be_called(
    kiro: Simulator, chat: openai.OpenAI
) -> None:
    say(kiro, "I would rather talk")
    kiro.order("tool", name="get_weather", location="Rome")
    reply = chat.chat.completions.with_raw_response.create(
        model=MODEL, messages=HELLO, tools=[CLOCK, WEATHER], tool_choice=NAMED
    )
    assert reply.headers[HEADER] == "tool_choice"
    choice = reply.parse().choices[0]
    assert choice.message.tool_calls is not None
    assert choice.message.tool_calls[0].function.arguments == '{"location": "Rome"}'  # type: ignore[union-attr]  # a function's
    words, tools = asked(kiro)
    assert "It must call the tool get_weather." in words
    assert tools == ["get_weather"]


def test_a_stream_waits_for_the_call_that_must_come(
    kiro: Simulator, claude: anthropic.Anthropic
) -> None:
    say(kiro, "I would rather talk")
    kiro.order("tool", name="get_weather", location="Rome")
    with claude.messages.stream(
        model=MODEL,
        max_tokens=99,
        messages=HELLO,
        tools=[WEATHER_TOOL],
        tool_choice={"type": "any"},
    ) as events:
        reply = events.get_final_message()
    assert [block.type for block in reply.content] == ["text", "tool_use"]
    assert reply.stop_reason == "tool_use"
    assert reply.usage.input_tokens > 8_000  # of both replies


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_is_never_invented(kiro: Simulator, chat: openai.OpenAI, *, stream: bool) -> None:
    before = len(kiro.requests)
    say(kiro, "No", "I will not")
    with pytest.raises(openai.InternalServerError) as refused:
        chat.chat.completions.create(
            model=MODEL, messages=HELLO, tools=[WEATHER], tool_choice="required", stream=stream
        )
    assert refused.value.code == "invalid_reply"
    assert "It must call the tool get_weather." in refused.value.message
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert len(kiro.requests) == before + 2


@pytest.mark.parametrize("stream", [False, True])
def test_one_call_at_a_time(kiro: Simulator, chat: openai.OpenAI, *, stream: bool) -> None:
    kiro.order("tools", count=3)
    reply: Any = chat.chat.completions.create(
        model=MODEL,
        messages=HELLO,
        tools=[WEATHER, CLOCK],
        parallel_tool_calls=False,
        stream=stream,
    )
    if stream:
        chunks = [chunk.choices[0] for chunk in reply]
        calls = [call for c in chunks for call in c.delta.tool_calls or () if call.id]
        finish = chunks[-1].finish_reason
    else:
        calls, finish = reply.choices[0].message.tool_calls, reply.choices[0].finish_reason
    assert len(calls) == 1
    assert finish == "tool_calls"


def test_no_tool_is_called_where_none_may_be(kiro: Simulator, claude: anthropic.Anthropic) -> None:
    kiro.order("tool", name="get_weather", location="Rome")
    messages: Any = [
        *HELLO,
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"location": "x"}}
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "1"}]},
    ]
    reply = claude.messages.create(
        model=MODEL,
        max_tokens=99,
        messages=messages,
        tools=[WEATHER_TOOL],
        tool_choice={"type": "none"},
    )
    assert [block.type for block in reply.content] == ["text"]
    assert reply.stop_reason == "end_turn"


def test_where_none_may_be_called_and_nothing_else_was_said_words_are_asked_for(
    kiro: Simulator, chat: openai.OpenAI
) -> None:
    before = len(kiro.requests)
    kiro.order("tool-one-frame", name="get_weather")
    say(kiro, "Well then")
    reply = chat.chat.completions.create(
        model=MODEL, messages=HELLO, tools=[WEATHER], tool_choice="none"
    )
    assert reply.choices[0].message.content == "Well then"
    assert len(kiro.requests) == before + 2


def test_json_is_freed_from_its_fence_and_parsed(kiro: Simulator, chat: openai.OpenAI) -> None:
    say(kiro, 'Here:\n```json\n{"x":1,"y":2}\n```')
    reply = chat.chat.completions.parse(model=MODEL, messages=HELLO, response_format=Point)
    assert reply.choices[0].message.parsed == Point(x=1, y=2)
    assert reply.choices[0].message.content == '{"x":1,"y":2}'
    words, _ = asked(kiro)
    assert '"required"' in words


def test_json_that_does_not_fit_is_asked_for_again(
    kiro: Simulator, claude: anthropic.Anthropic
) -> None:
    say(kiro, '{"x":1}', '{"x":1,"y":2}')
    reply = claude.messages.parse(model=MODEL, max_tokens=99, messages=HELLO, output_format=Point)
    assert reply.parsed_output == Point(x=1, y=2)
    assert "$.y: is required" in asked(kiro)[0]


def test_streamed_json_is_whole_before_it_comes(kiro: Simulator, chat: openai.OpenAI) -> None:
    say(kiro, "no json at all", '{"x":1,"y":2}')
    with chat.chat.completions.stream(model=MODEL, messages=HELLO, response_format=Point) as events:
        reply = events.get_final_completion()
    assert reply.choices[0].message.parsed == Point(x=1, y=2)


@pytest.mark.parametrize("stream", [False, True])
def test_json_that_never_fits_is_an_error(
    kiro: Simulator, claude: anthropic.Anthropic, *, stream: bool
) -> None:
    say(kiro, "no", "no")
    form: Any = {"format": {"type": "json_schema", "schema": PARAMETERS}}
    with pytest.raises(anthropic.InternalServerError, match="must be JSON alone"):
        claude.messages.create(
            model=MODEL, max_tokens=99, messages=HELLO, output_config=form, stream=stream
        )


def test_strict_arguments_are_asked_for_again(kiro: Simulator, chat: openai.OpenAI) -> None:
    kiro.order("tool", name="get_weather", city="Rome")
    kiro.order("tool", name="get_weather", location="Rome")
    strict: Any = {**WEATHER, "function": {**WEATHER["function"], "strict": True}}
    reply = chat.chat.completions.create(model=MODEL, messages=HELLO, tools=[strict])
    calls = reply.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.arguments == '{"location": "Rome"}'  # type: ignore[union-attr]  # a function's


def test_a_schema_that_cannot_be_kept_is_refused_by_its_place(chat: openai.OpenAI) -> None:
    form: Any = {
        "type": "json_schema",
        "json_schema": {"name": "p", "schema": {"patternProperties": {"^a": {}}}},
    }
    with pytest.raises(openai.BadRequestError) as refused:
        chat.chat.completions.create(model=MODEL, messages=HELLO, response_format=form)
    assert refused.value.param == "response_format.json_schema.schema"
    assert "patternProperties is not supported" in refused.value.message


@pytest.mark.parametrize("stream", [False, True])
def test_a_prefilled_reply_holds_only_what_follows(
    kiro: Simulator, claude: anthropic.Anthropic, *, stream: bool
) -> None:
    say(kiro, "The answer is: 42")
    messages: Any = [*HELLO, {"role": "assistant", "content": "The answer is:"}]
    asked: Any = {"model": MODEL, "max_tokens": 99, "messages": messages}
    if stream:
        with claude.messages.stream(**asked) as events:
            reply = events.get_final_message()
    else:
        reply = claude.messages.create(**asked)
    assert reply.content[0].text == " 42"  # type: ignore[union-attr]  # it is text


def test_a_cut_closes_the_upstream_and_harms_no_account(start: Any) -> None:
    with Simulator(SimulatorOptions(frame_seconds=0.2)).threaded() as slow:
        slow.add_account("one")
        gateway = start(slow)
        for stream in (False, True):
            slow.order("text", say="word+" * 200)
            with gateway.anthropic().messages.with_streaming_response.create(
                model=MODEL, max_tokens=1, messages=HELLO, stream=stream
            ) as response:
                assert "max_tokens" in response.read().decode()
        account = gateway.statuses()["one"]
    assert [request.abandoned for request in slow.requests] == [True, True]
    assert account["state"] == "ready"
    assert account["failures"] == 0


@pytest.mark.parametrize(("last", "end"), [('{"a":1}', "[DONE]"), ("no", '"code":"invalid_reply"')])
def test_a_stream_that_is_held_back_is_kept_open_by_pings(start: Any, last: str, end: str) -> None:
    with Simulator(SimulatorOptions(frame_seconds=0.2)).threaded() as slow:
        slow.add_account("one")
        gateway = start(slow, server="hold-back-seconds = 0.1")
        say(slow, "no", last)
        form = {"type": "json_object"}
        body = {"model": MODEL, "messages": HELLO, "response_format": form, "stream": True}
        with gateway.http() as http:
            answer = http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200
    assert answer.headers[HEADER] == "response_format"
    assert answer.text.startswith(":")
    assert end in answer.text.split("\n\n")[-2]


def test_a_stream_may_also_be_told_at_its_end(start: Any, simulator: Simulator, chain: Any) -> None:
    simulator.add_account("one")
    gateway = start(simulator, rest=chain(emulate="hold-streams = false"))
    simulator.order("text", say="no+json")
    stream = gateway.openai().chat.completions.create(
        model=MODEL, messages=HELLO, response_format={"type": "json_object"}, stream=True
    )
    seen = []
    with pytest.raises(openai.APIError, match="JSON alone"):
        seen += [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
    assert len(simulator.requests) == 1


def test_without_the_stage_it_is_named_as_not_honoured(
    start: Any, simulator: Simulator, chain: Any
) -> None:
    simulator.add_account("one")
    whole = chain().replace('[[pipeline]]\nstage = "emulate"\n\n', "")
    gateway = start(simulator, rest=whole + '[log]\nlevel = "debug"\n')
    simulator.order("text", say="a+b")
    reply = gateway.openai().chat.completions.create(
        model=MODEL,
        messages=HELLO,
        max_tokens=1,
        stop=["b"],
        response_format={"type": "json_object"},
    )
    assert reply.choices[0].message.content == "a b"
    for name in ("max_tokens", "stop", "response_format"):
        gateway.wait_for(f"not honoured: {name}")
