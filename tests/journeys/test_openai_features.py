"""What docs/clients.md ticks for the `openai` SDK for Python: each feature, whole and streamed."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import openai
import pytest
from pydantic import BaseModel

MODEL = "claude-sonnet-4.5"
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
PLACE = {
    "type": "object",
    "properties": {"location": {"type": "string"}},
    "required": ["location"],
}
PLACED = '{"city":"Oslo","degrees":12}'


class Place(BaseModel):
    city: str
    degrees: int


def tool(name: str, description: str) -> Any:
    function = {"name": name, "description": description, "parameters": PLACE}
    return {"type": "function", "function": function}


WEATHER = tool("get_weather", "Get the current weather in a given location")
CLOCK = tool("get_time", "Get the current time in a given location")


class Asking:
    """The SDK, asked in one of two ways."""

    def __init__(self, client: openai.OpenAI, *, stream: bool) -> None:
        self.client, self._stream = client, stream

    def __call__(self, content: Any, **more: Any) -> Any:
        messages = [{"role": "user", "content": content}] if isinstance(content, str) else content
        asked: dict[str, Any] = {"model": MODEL, "messages": messages, **more}
        if not self._stream:
            return self.client.chat.completions.create(**asked)
        asked["stream_options"] = {"include_usage": True}
        with self.client.chat.completions.stream(**asked) as stream:
            return stream.get_final_completion()


@pytest.fixture(scope="module")
def gateway(module_start: Any) -> Any:
    return module_start(server="max-body-mib = 1")


@pytest.fixture(params=["whole", "streamed"])
def ask(gateway: Any, request: pytest.FixtureRequest) -> Iterator[Asking]:
    yield Asking(gateway.openai(), stream=request.param == "streamed")
    with gateway.http() as http:
        http.post("/v1/token/reset").raise_for_status()


def words(reply: Any) -> str:
    return str(reply.choices[0].message.content or "")


def calls(reply: Any) -> list[Any]:
    return list(reply.choices[0].message.tool_calls or [])


@pytest.mark.shows("openai-python", "text", "stream")
def test_text(ask: Asking) -> None:
    reply = ask("Hello there!", max_completion_tokens=1000)
    assert "Hello there!" in words(reply)
    assert reply.choices[0].finish_reason == "stop"
    usage = reply.usage
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


@pytest.mark.shows("openai-python", "system", "history")
def test_system_text_and_history(ask: Asking) -> None:
    reply = ask(
        [
            {"role": "developer", "content": "Be terse."},
            {"role": "user", "content": "First question"},
            {"role": "assistant", "content": "First answer"},
            {"role": "user", "content": [{"type": "text", "text": "Second question"}]},
        ]
    )
    assert "Second question" in words(reply)


@pytest.mark.shows("openai-python", "tools", "parallel tools")
def test_two_tools_go_round(ask: Asking) -> None:
    tools = [WEATHER, CLOCK]
    question = {"role": "user", "content": "Tell me both the weather and the time in Paris."}
    asked = ask([question], tools=tools)
    assert asked.choices[0].finish_reason == "tool_calls"
    assert sorted(call.function.name for call in calls(asked)) == ["get_time", "get_weather"]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name} knows"}
        for call in reversed(calls(asked))
    ]
    made = [call.model_dump(exclude={"index", "parsed_arguments"}) for call in calls(asked)]
    for call in made:
        call["function"].pop("parsed_arguments", None)
    told = ask(
        [question, {"role": "assistant", "content": None, "tool_calls": made}, *results],
        tools=tools,
    )
    assert "get_time knows" in words(told)
    assert "get_weather knows" in words(told)


@pytest.mark.shows("openai-python", "images")
def test_an_image(ask: Asking) -> None:
    content = [{"type": "text", "text": "What is this?"}, PICTURE]
    assert "png image of 1 × 1 pixels" in words(ask([{"role": "user", "content": content}]))


@pytest.mark.shows("openai-python", "images in tool results")
def test_an_image_in_a_tool_result(ask: Asking) -> None:
    function = {"name": "get_weather", "arguments": "{}"}
    content = [{"type": "text", "text": "see the map"}, PICTURE]
    reply = ask(
        [
            {"role": "user", "content": "Show me the weather."},
            {
                "role": "assistant",
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": content},
        ],
        tools=[WEATHER],
    )
    assert "see the map" in words(reply)


@pytest.mark.shows("openai-python", "thinking")
def test_thinking(ask: Asking) -> None:
    reply = ask("How are you?", reasoning_effort="high")
    assert reply.choices[0].message.reasoning_content


@pytest.mark.shows("openai-python", "stop sequences")
def test_stop_sequences(ask: Asking) -> None:
    reply = ask("[[sim:text say=one+HALT+two]]", stop=["HALT"])
    assert reply.choices[0].finish_reason == "stop"
    assert words(reply) == "one "


@pytest.mark.shows("openai-python", "max tokens")
def test_max_tokens(gateway: Any) -> None:
    # The SDK's own stream raises LengthFinishReasonError, so only the whole way is looked at.
    reply = Asking(gateway.openai(), stream=False)("Write a poem.", max_completion_tokens=5)
    assert reply.choices[0].finish_reason == "length"


@pytest.mark.shows("openai-python", "structured output")
def test_structured_output(gateway: Any) -> None:
    client = gateway.openai()
    asked: Any = [{"role": "user", "content": f"Where? [[sim:text say={PLACED}]]"}]
    reply = client.chat.completions.parse(model=MODEL, messages=asked, response_format=Place)
    assert reply.choices[0].message.parsed == Place(city="Oslo", degrees=12)
    with client.chat.completions.stream(
        model=MODEL, messages=asked, response_format=Place
    ) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.parsed == Place(city="Oslo", degrees=12)


@pytest.mark.shows("openai-python", "documents")
def test_a_document(ask: Asking) -> None:
    file = {"filename": "note.txt", "file_data": "data:text/plain;base64,QSBub3RlLg=="}
    content = [{"type": "file", "file": file}, {"type": "text", "text": "What does it say?"}]
    assert words(ask([{"role": "user", "content": content}]))


@pytest.mark.shows("openai-python", "web search")
def test_a_web_search(ask: Asking) -> None:
    reply = ask("Please search the web for red pandas.", web_search_options={})
    assert "red pandas: page 1" in words(reply)
    assert reply.choices[0].message.annotations[0].url_citation.url


@pytest.mark.shows("openai-python", "models")
def test_models(gateway: Any) -> None:
    client = gateway.openai()
    assert MODEL in [model.id for model in client.models.list()]
    assert client.models.retrieve(MODEL).id == MODEL


@pytest.mark.shows("openai-python", "errors")
def test_errors(gateway: Any, ask: Asking) -> None:
    with pytest.raises(openai.AuthenticationError):
        Asking(gateway.openai(api_key="wrong"), stream=False)("Hi")
    with pytest.raises(openai.BadRequestError):
        ask([])
    with pytest.raises(openai.NotFoundError):
        ask("Hi", model="no-such-model")
    with pytest.raises(openai.APIStatusError) as large:
        ask("x" * 2_000_000)
    assert large.value.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    with pytest.raises(openai.InternalServerError):
        ask("[[sim:unexpected]] Hi")
    with gateway.http() as http:
        http.post("/v1/token/reset").raise_for_status()
    with pytest.raises(openai.RateLimitError):
        ask("[[sim:throttled]] Hi")


@pytest.mark.shows("openai-python", "errors in a stream")
def test_an_error_in_a_stream(gateway: Any) -> None:
    with pytest.raises(openai.APIError):
        Asking(gateway.openai(), stream=True)("[[sim:exception]] Hello")


@pytest.mark.shows("openai-python", "responses")
def test_responses(gateway: Any) -> None:
    client = gateway.openai()
    whole = client.responses.create(model=MODEL, input="Hello there!")
    assert "Hello there!" in whole.output_text
    assert whole.usage is not None
    assert whole.usage.input_tokens > 0
    with client.responses.stream(model=MODEL, input="Hello there!") as stream:
        assert "Hello there!" in stream.get_final_response().output_text


@pytest.mark.shows("openai-python", "responses with tools")
def test_responses_with_tools(gateway: Any) -> None:
    client = gateway.openai()
    function = {**WEATHER["function"], "type": "function", "strict": False}
    question: Any = {"role": "user", "content": "What is the weather in San Francisco?"}
    asked = client.responses.create(model=MODEL, input=[question], tools=[function])
    call = next(item for item in asked.output if item.type == "function_call")
    assert msgspec.json.decode(call.arguments) == {"location": "San Francisco"}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees"}
    told = client.responses.create(
        model=MODEL, input=[question, *asked.output, result], tools=[function]
    )
    assert "18 degrees" in told.output_text
