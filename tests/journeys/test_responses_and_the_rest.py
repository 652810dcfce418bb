"""The Responses API by the official SDK: what is asked of a reply beside words, and what fails."""

from collections.abc import Iterable
from typing import Any

import openai
import pydantic
import pytest

from ki2api.simulator import Simulator

MODEL = "claude-sonnet-4.5"
SEARCH: Any = {"type": "web_search"}


class Point(pydantic.BaseModel):
    x: int
    y: int


class GetWeather(pydantic.BaseModel):
    """Get the current weather in a given location."""

    location: str


class GetTime(pydantic.BaseModel):
    """Get the current time in a given location."""

    location: str


def tool(kind: type[pydantic.BaseModel]) -> Any:
    return {
        "type": "function",
        "name": kind.__name__,
        "description": kind.__doc__,
        "strict": True,
        "parameters": {**kind.model_json_schema(), "additionalProperties": False},
    }


TOOLS = [tool(GetWeather), tool(GetTime)]


@pytest.fixture
def kiro(house: Any) -> Simulator:
    made: Simulator = house[1]
    return made


@pytest.fixture
def client(house: Any) -> openai.OpenAI:
    made: openai.OpenAI = house[0].openai()
    return made


def ask(client: openai.OpenAI, *, stream: bool, **asked: Any) -> Any:
    """Return a reply, and see that its stream says the same at its end as on its way."""
    answer = client.responses.create(model=MODEL, stream=stream, **asked)
    return read(answer) if stream else answer


def read(events: Iterable[Any]) -> Any:
    done: dict[int, Any] = {}
    said: dict[str, str] = {}
    notes: dict[str, list[Any]] = {}
    last: Any = None
    for event in events:
        last = event
        if event.type == "response.output_item.done":
            done[event.output_index] = event.item
        elif event.type == "response.output_text.delta":
            said[event.item_id] = said.get(event.item_id, "") + event.delta
        elif event.type == "response.output_text.annotation.added":
            notes.setdefault(event.item_id, []).append(event.annotation.to_dict())
    response = last.response
    output = [item.to_dict() for item in response.output]
    assert [done[index].to_dict() for index in sorted(done)] == output
    for item in response.output:
        if item.type == "message":
            (content,) = item.content
            assert said.get(item.id, "") == content.text
            assert notes.get(item.id, []) == [note.to_dict() for note in content.annotations]
    return response


def names(response: Any) -> list[str]:
    return [item.name for item in response.output if item.type == "function_call"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_is_parsed_by_its_form(
    kiro: Simulator, client: openai.OpenAI, *, stream: bool
) -> None:
    kiro.order("text", say='Sure:+{"x":1}')
    kiro.order("text", say='```json\n{"x":1,"y":2}\n```')
    if stream:
        with client.responses.stream(model=MODEL, input="Where?", text_format=Point) as events:
            reply = events.get_final_response()
    else:
        reply = client.responses.parse(model=MODEL, input="Where?", text_format=Point)
    assert reply.output_parsed == Point(x=1, y=2)
    assert reply.output_text == '{"x":1,"y":2}'


@pytest.mark.parametrize("stream", [False, True])
def test_a_form_that_is_never_kept_is_an_error(
    kiro: Simulator, client: openai.OpenAI, *, stream: bool
) -> None:
    kiro.order("text", say="no")
    kiro.order("text", say="no")
    form: Any = {"format": {"type": "json_schema", "name": "p", "schema": {"type": "object"}}}
    with pytest.raises(openai.InternalServerError) as broken:
        client.responses.create(model=MODEL, input="Where?", text=form, stream=stream)
    assert broken.value.code == "invalid_reply"


def test_the_arguments_of_a_strict_function_are_parsed(
    kiro: Simulator, client: openai.OpenAI
) -> None:
    kiro.order("tool", name="GetWeather", location="Rome")
    with client.responses.stream(
        model=MODEL, input="Hello", tools=[openai.pydantic_function_tool(GetWeather)]
    ) as events:
        reply = events.get_final_response()
    (call,) = [item for item in reply.output if item.type == "function_call"]
    assert call.parsed_arguments == GetWeather(location="Rome")


@pytest.mark.parametrize("stream", [False, True])
def test_arguments_that_do_not_fit_are_asked_for_again_or_an_error_of_the_stream(
    kiro: Simulator, client: openai.OpenAI, *, stream: bool
) -> None:
    kiro.order("tool", name="GetWeather", city="Rome")
    if stream:
        with pytest.raises(openai.APIError, match="does not fit its schema") as broken:
            ask(client, stream=True, input="Hello", tools=TOOLS)
        assert broken.value.code == "invalid_reply"
        return
    kiro.order("tool", name="GetWeather", location="Rome")
    (call,) = ask(client, stream=False, input="Hello", tools=TOOLS).output[1:]
    assert call.arguments == '{"location": "Rome"}'


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("required", "GetTime"),
        ({"type": "function", "name": "GetTime"}, "GetTime"),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "GetTime"}],
            },
            "GetTime",
        ),
    ],
)
def test_a_call_that_must_come_comes(
    kiro: Simulator, client: openai.OpenAI, choice: Any, called: str, *, stream: bool
) -> None:
    kiro.order("text", say="I+would+rather+not.")
    kiro.order("tool", name="GetTime", location="Rome")
    reply = ask(client, stream=stream, input="Hello", tools=TOOLS, tool_choice=choice)
    assert names(reply) == [called]
    assert reply.status == "completed"


@pytest.mark.parametrize("stream", [False, True])
def test_one_call_at_a_time(kiro: Simulator, client: openai.OpenAI, *, stream: bool) -> None:
    asked = {"input": "Tell me both the weather and the time in Paris.", "tools": TOOLS}
    assert len(names(ask(client, stream=stream, **asked))) == 2
    one = ask(client, stream=stream, parallel_tool_calls=False, **asked)
    assert len(names(one)) == 1
    assert not one.parallel_tool_calls


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_reaches_its_limit_is_incomplete(
    kiro: Simulator, client: openai.OpenAI, *, stream: bool
) -> None:
    kiro.order("text", say="one+two+three+" * 40)
    reply = ask(client, stream=stream, input="Count.", max_output_tokens=16)
    assert reply.status == "incomplete"
    assert reply.incomplete_details.reason == "max_output_tokens"
    assert 0 < len(reply.output_text) < 100
    assert client.responses.retrieve(reply.id).status == "incomplete"


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_searched_and_cited_is_one_message_and_goes_on_by_its_id(
    kiro: Simulator, client: openai.OpenAI, *, stream: bool
) -> None:
    question = "Search the web: what is new about red pandas?"
    first = ask(client, stream=stream, input=question, tools=[SEARCH])
    kinds = [item.type for item in first.output]
    assert kinds.count("web_search_call") == 1
    assert kinds[-1] == "message"
    assert "message" not in kinds[kinds.index("web_search_call") : -1]
    (content,) = first.output[-1].content
    assert len(content.annotations) > 1
    for note in content.annotations:
        link = content.text[note.start_index : note.end_index]
        assert link == f"([{link[2:].partition(']')[0]}]({note.url}))"
    before = len(kiro.refused)
    second = ask(
        client, stream=stream, input="Thanks!", previous_response_id=first.id, tools=[SEARCH]
    )
    assert second.status == "completed"
    assert second.previous_response_id == first.id
    assert len(kiro.refused) == before
    history = kiro.requests[-1].parsed()["conversationState"]["history"]
    assert content.text in history[-1]["assistantResponseMessage"]["content"]


@pytest.mark.parametrize("stream", [False, True])
def test_thoughts_are_counted_and_a_reply_with_some_goes_on_by_its_id(
    kiro: Simulator, client: openai.OpenAI, *, stream: bool
) -> None:
    asked: Any = {"stream": stream, "reasoning": {"effort": "low", "summary": "auto"}}
    kiro.order("thinking")
    first = ask(client, input="Why?", **asked)
    assert first.output[0].type == "reasoning"
    thoughts = first.usage.output_tokens_details.reasoning_tokens
    assert 0 < thoughts < first.usage.output_tokens
    assert first.usage.ki2api["thinking_source"] == "estimate"
    before = len(kiro.refused)
    second = ask(client, input="And now?", previous_response_id=first.id, **asked)
    assert second.status == "completed"
    assert len(kiro.refused) == before


def test_thoughts_are_counted_in_the_other_dialects_too(house: Any, kiro: Simulator) -> None:
    gateway, _ = house
    hello: Any = [{"role": "user", "content": "Why?"}]
    kiro.order("thinking")
    chat = gateway.openai().chat.completions.create(
        model=MODEL, messages=hello, reasoning_effort="low"
    )
    assert 0 < chat.usage.completion_tokens_details.reasoning_tokens < chat.usage.completion_tokens
    kiro.order("thinking")
    with gateway.anthropic().messages.stream(
        model=MODEL,
        max_tokens=4000,
        messages=hello,
        thinking={"type": "enabled", "budget_tokens": 2000},
    ) as events:
        usage = events.get_final_message().usage
    assert 0 < usage.output_tokens_details.thinking_tokens < usage.output_tokens


@pytest.mark.parametrize("scenario", ["reset-midway", "exception"])
def test_a_stream_that_fails_is_raised_and_not_kept(client: openai.OpenAI, scenario: str) -> None:
    seen: list[Any] = []
    with pytest.raises(openai.APIError) as broken:
        seen.extend(
            client.responses.create(model=MODEL, input=f"[[sim:{scenario}]] Hello", stream=True)
        )
    assert broken.value.code
    for event in seen[:1]:
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(event.response.id)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("text", ["[[sim:too-long]] Hello", "word " * 1_000_000])
def test_a_full_context_is_a_400_that_clients_know(
    client: openai.OpenAI, text: str, *, stream: bool
) -> None:
    # Codex takes it for what response.failed says with the same code, and compacts (0.171).
    with pytest.raises(openai.BadRequestError) as full:
        client.responses.create(model=MODEL, input=text, stream=stream)
    assert full.value.code == "context_length_exceeded"


def test_input_tokens_are_counted_with_what_went_before(client: openai.OpenAI) -> None:
    short = client.responses.input_tokens.count(model=MODEL, input="Hello")
    assert short.object == "response.input_tokens"
    first = client.responses.create(model=MODEL, input="My name is Ada.")
    longer = client.responses.input_tokens.count(
        model=MODEL, input="Hello", previous_response_id=first.id, tools=TOOLS
    )
    assert 0 < short.input_tokens < longer.input_tokens
    with pytest.raises(openai.BadRequestError, match="model"):
        client.responses.input_tokens.count(input="Hello")
