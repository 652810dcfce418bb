"""What docs/clients.md ticks for the `anthropic` SDK for Python: each feature, both ways."""

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import msgspec
import pytest

MODEL = "claude-sonnet-4.5"
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
PLACE = {
    "type": "object",
    "properties": {"location": {"type": "string"}},
    "required": ["location"],
}
PLACED = {"city": "Oslo", "degrees": 12}


def tool(name: str, description: str) -> Any:
    return {"name": name, "description": description, "input_schema": PLACE}


WEATHER = tool("get_weather", "Get the current weather in a given location")
CLOCK = tool("get_time", "Get the current time in a given location")


class Asking:
    """The SDK, asked in one of two ways."""

    def __init__(self, client: anthropic.Anthropic, *, stream: bool) -> None:
        self.client, self.stream = client, stream

    def __call__(self, content: Any, **more: Any) -> Any:
        messages = [{"role": "user", "content": content}] if isinstance(content, str) else content
        asked = {"model": MODEL, "max_tokens": 1000, "messages": messages, **more}
        if not self.stream:
            return self.client.messages.create(**asked)
        with self.client.messages.stream(**asked) as stream:
            return stream.get_final_message()


@pytest.fixture(scope="module")
def gateway(module_start: Any) -> Any:
    return module_start(server="max-body-mib = 1")


@pytest.fixture(params=["whole", "streamed"])
def ask(gateway: Any, request: pytest.FixtureRequest) -> Iterator[Asking]:
    yield Asking(gateway.anthropic(), stream=request.param == "streamed")
    with gateway.http() as http:
        http.post("/v1/token/reset").raise_for_status()


def words(reply: Any) -> str:
    return "".join(block.text for block in reply.content if block.type == "text")


def calls(reply: Any) -> list[Any]:
    return [block for block in reply.content if block.type == "tool_use"]


@pytest.mark.shows("anthropic-python", "text", "stream")
def test_text(ask: Asking) -> None:
    reply = ask("Hello, Claude!")
    assert "Hello, Claude!" in words(reply)
    assert reply.stop_reason == "end_turn"
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0


@pytest.mark.shows("anthropic-python", "system", "history")
def test_system_text_and_history(ask: Asking) -> None:
    reply = ask(
        [
            {"role": "user", "content": "First question"},
            {"role": "assistant", "content": [{"type": "text", "text": "First answer"}]},
            {"role": "user", "content": "Second question"},
        ],
        system=[{"type": "text", "text": "Be terse."}],
    )
    assert "Second question" in words(reply)


@pytest.mark.shows("anthropic-python", "tools", "parallel tools")
def test_two_tools_go_round(ask: Asking) -> None:
    tools = [WEATHER, CLOCK]
    question = {"role": "user", "content": "Tell me both the weather and the time in Paris."}
    asked = ask([question], tools=tools)
    assert asked.stop_reason == "tool_use"
    assert sorted(call.name for call in calls(asked)) == ["get_time", "get_weather"]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": f"{call.name} knows"}
        for call in reversed(calls(asked))
    ]
    made = [block.model_dump(exclude_none=True) for block in asked.content]
    for block in made:
        block.pop("parsed_output", None)
    told = ask(
        [question, {"role": "assistant", "content": made}, {"role": "user", "content": results}],
        tools=tools,
    )
    assert "get_time knows" in words(told)
    assert "get_weather knows" in words(told)


@pytest.mark.shows("anthropic-python", "images")
def test_an_image(ask: Asking) -> None:
    content = [PICTURE, {"type": "text", "text": "What is this?"}]
    assert "png image of 1 × 1 pixels" in words(ask([{"role": "user", "content": content}]))


@pytest.mark.shows("anthropic-python", "images in tool results")
def test_an_image_in_a_tool_result(ask: Asking) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
    content = [{"type": "text", "text": "see the map"}, PICTURE]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}
    reply = ask(
        [
            {"role": "user", "content": "Show me the weather."},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ],
        tools=[WEATHER],
    )
    assert "see the map" in words(reply)


@pytest.mark.shows("anthropic-python", "thinking")
def test_thinking(ask: Asking) -> None:
    thinking = {"type": "enabled", "budget_tokens": 2000}
    first, *_ = ask("How are you?", max_tokens=4000, thinking=thinking).content
    assert first.type == "thinking"
    assert first.thinking


@pytest.mark.shows("anthropic-python", "stop sequences")
def test_stop_sequences(ask: Asking) -> None:
    reply = ask("[[sim:text say=one+HALT+two]]", stop_sequences=["HALT"])
    assert (reply.stop_reason, reply.stop_sequence) == ("stop_sequence", "HALT")
    assert words(reply) == "one "


@pytest.mark.shows("anthropic-python", "max tokens")
def test_max_tokens(ask: Asking) -> None:
    assert ask("Write a poem.", max_tokens=5).stop_reason == "max_tokens"


@pytest.mark.shows("anthropic-python", "structured output")
def test_structured_output(ask: Asking) -> None:
    properties = {"city": {"type": "string"}, "degrees": {"type": "integer"}}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    schema |= {"required": [*properties], "additionalProperties": False}
    said = msgspec.json.encode(PLACED).decode()
    output = {"format": {"type": "json_schema", "schema": schema}}
    reply = ask(f"Where? [[sim:text say={said}]]", output_config=output)
    assert msgspec.json.decode(words(reply)) == PLACED


@pytest.mark.shows("anthropic-python", "documents")
def test_a_document(ask: Asking) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "A note."}
    document = {"type": "document", "title": "note", "source": source}
    content = [document, {"type": "text", "text": "What does it say?"}]
    assert words(ask([{"role": "user", "content": content}]))


@pytest.mark.shows("anthropic-python", "web search")
def test_a_web_search(ask: Asking) -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 1}
    reply = ask("Please search the web for red pandas.", tools=[search])
    kinds = {block.type for block in reply.content}
    assert {"server_tool_use", "web_search_tool_result"} <= kinds


@pytest.mark.shows("anthropic-python", "token counting")
def test_token_counting(gateway: Any) -> None:
    client, asked = gateway.anthropic(), [{"role": "user", "content": "Hi"}]
    short = client.messages.count_tokens(model=MODEL, messages=asked).input_tokens
    long = client.messages.count_tokens(model=MODEL, messages=asked, tools=[WEATHER]).input_tokens
    assert 0 < short < long


@pytest.mark.shows("anthropic-python", "models")
def test_models(gateway: Any) -> None:
    client = gateway.anthropic()
    assert MODEL in [model.id for model in client.models.list()]
    assert client.models.retrieve(MODEL).type == "model"


@pytest.mark.shows("anthropic-python", "tool runner")
def test_the_tool_runner_sends_the_whole_again_when_told_that_no_thread_is_kept(
    gateway: Any, ask: Asking
) -> None:
    asked: list[str] = []

    @anthropic.beta_tool
    def get_weather(location: str) -> str:
        """Get the current weather in a given location."""
        asked.append(location)
        return "12 degrees and rain"

    question: Any = [{"role": "user", "content": "What is the weather in Oslo?"}]
    runner = ask.client.beta.messages.tool_runner(
        model=MODEL, max_tokens=1024, tools=[get_weather], messages=question, stream=ask.stream
    )
    assert "12 degrees" in words(runner.until_done())
    assert asked == ["Oslo"]
    assert gateway.wait_for("thread_not_found")


@pytest.mark.shows("anthropic-python", "errors")
def test_errors(gateway: Any, ask: Asking) -> None:
    with pytest.raises(anthropic.AuthenticationError):
        Asking(gateway.anthropic(api_key="wrong"), stream=False)("Hi")
    with pytest.raises(anthropic.BadRequestError):
        ask([])
    with pytest.raises(anthropic.NotFoundError):
        ask("Hi", model="no-such-model")
    with pytest.raises(anthropic.APIStatusError) as large:
        ask("x" * 2_000_000)
    assert large.value.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    with pytest.raises(anthropic.InternalServerError):
        ask("[[sim:unexpected]] Hi")
    with gateway.http() as http:
        http.post("/v1/token/reset").raise_for_status()
    with pytest.raises(anthropic.RateLimitError):
        ask("[[sim:throttled]] Hi")


@pytest.mark.shows("anthropic-python", "errors in a stream")
def test_an_error_in_a_stream(gateway: Any) -> None:
    with pytest.raises(anthropic.APIStatusError):
        Asking(gateway.anthropic(), stream=True)("[[sim:exception]] Hello")
