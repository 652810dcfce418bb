"""The Responses API by the official `openai` SDK, against the real server and the simulator."""

from typing import Any

import openai
import pydantic
import pytest

from ki2api.simulator import Simulator

MODEL = "claude-sonnet-4.5"
IN_TWO_READS = "[[sim:pause after=2 seconds=0.3]]"
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
        "additionalProperties": False,
    },
}
CLOCK: Any = {
    "type": "namespace",
    "name": "clocks",
    "description": "What time it is",
    "tools": [{**WEATHER, "name": "get_time", "description": "Get the current time in a location"}],
}
NOTE: Any = {
    "type": "custom",
    "name": "take_note",
    "description": "Take a note of something",
    "format": {"type": "grammar", "syntax": "regex", "definition": ".+"},
}
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def client(house: Any) -> openai.OpenAI:
    gateway, _ = house
    made: openai.OpenAI = gateway.openai()
    return made


def last_state(house: Any) -> dict[str, Any]:
    """Return what Kiro was asked last."""
    _, simulator = house
    state: dict[str, Any] = simulator.requests[-1].parsed()["conversationState"]
    return state


def test_a_whole_answer_is_a_complete_response(client: openai.OpenAI) -> None:
    reply = client.responses.create(
        model=MODEL, input="Hello there!", instructions="Be kind.", metadata={"a": "b"}
    )
    assert reply.id.startswith("resp_")
    assert (reply.status, reply.model, reply.error) == ("completed", MODEL, None)
    assert "Hello there!" in reply.output_text
    assert (reply.instructions, reply.metadata) == ("Be kind.", {"a": "b"})
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens
    assert reply.usage.output_tokens > 0


def test_a_streamed_answer_comes_in_pieces_and_folds_to_the_same(client: openai.OpenAI) -> None:
    with client.responses.stream(
        model=MODEL, input=f"{IN_TWO_READS} 你好，请介绍一下自己"
    ) as stream:
        events = list(stream)
        final = stream.get_final_response()
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 1
    assert "".join(deltas) == final.output_text
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert client.responses.retrieve(final.id).output_text == final.output_text


def test_everything_a_client_replays_reaches_kiro_in_order(
    house: Any, client: openai.OpenAI
) -> None:
    said: Any = [
        {"role": "developer", "content": "Be a pirate."},
        {"role": "user", "content": [{"type": "input_text", "text": "List the files."}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
        {"type": "function_call", "call_id": "c1", "name": "ls", "arguments": "{}"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call_output", "call_id": "c1", "output": "a.txt"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}},
        {"role": "user", "content": "And now?"},
    ]
    client.responses.create(model=MODEL, input=said)
    state = last_state(house)
    asked, answered = state["history"]
    assert asked["userInputMessage"]["content"] == "Be a pirate.\n\nList the files."
    (call,) = answered["assistantResponseMessage"]["toolUses"]
    assert (call["toolUseId"], call["name"]) == ("c1", "ls")
    assert answered["assistantResponseMessage"]["content"] == "I look."
    now = state["currentMessage"]["userInputMessage"]
    assert now["content"] == "And now?"
    (result,) = now["userInputMessageContext"]["toolResults"]
    assert (result["toolUseId"], result["content"]) == ("c1", [{"text": "a.txt"}])


def test_an_image_and_a_file_reach_kiro(house: Any, client: openai.OpenAI) -> None:
    file = {"type": "input_file", "filename": "a.txt", "file_data": "aGVsbG8gZmlsZQ=="}
    content: Any = [
        file,
        {"type": "input_text", "text": "What is in this image?"},
        {"type": "input_image", "image_url": PIXEL, "detail": "auto"},
    ]
    client.responses.create(model=MODEL, input=[{"role": "user", "content": content}])
    now = last_state(house)["currentMessage"]["userInputMessage"]
    assert now["images"][0]["format"] == "png"
    assert "hello file" in now["content"]


class GetWeather(pydantic.BaseModel):
    """Get the current weather in a given location."""

    location: str


def test_a_tool_goes_round_by_the_items_of_the_reply(client: openai.OpenAI) -> None:
    said: Any = [{"role": "user", "content": "What is the weather in San Francisco?"}]
    asked = client.responses.parse(
        model=MODEL, input=said, tools=[openai.pydantic_function_tool(GetWeather)], store=False
    )
    (call,) = [item for item in asked.output if item.type == "function_call"]
    assert call.parsed_arguments == GetWeather(location="San Francisco")
    said += [item.model_dump(exclude={"parsed_arguments"}) for item in asked.output]
    said.append(
        {"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees and foggy"}
    )
    told = client.responses.create(model=MODEL, input=said, tools=[WEATHER], store=False)
    assert "18 degrees" in told.output_text


def test_tools_in_parallel_go_round_by_the_id_of_the_reply(client: openai.OpenAI) -> None:
    tools = [WEATHER, CLOCK]
    with client.responses.stream(
        model=MODEL, input="Tell me both the weather and the time in Paris.", tools=tools
    ) as stream:
        asked = stream.get_final_response()
    calls = [item for item in asked.output if item.type == "function_call"]
    names = sorted((call.namespace or "", call.name) for call in calls)
    assert names == [("", "get_weather"), ("clocks", "get_time")]
    results: Any = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"got {call.name}"}
        for call in reversed(calls)
    ]
    told = client.responses.create(
        model=MODEL, input=results, tools=tools, previous_response_id=asked.id
    )
    assert told.previous_response_id == asked.id
    assert "got get_weather" in told.output_text
    assert "got get_time" in told.output_text


def test_free_text_goes_round(house: Any, client: openai.OpenAI) -> None:
    with client.responses.stream(
        model=MODEL, input="Please take a note of the milk.", tools=[NOTE]
    ) as stream:
        deltas = [
            event.delta for event in stream if event.type == "response.custom_tool_call_input.delta"
        ]
        asked = stream.get_final_response()
    (call,) = [item for item in asked.output if item.type == "custom_tool_call"]
    assert call.name == "take_note"
    assert call.input
    assert "".join(deltas) == call.input
    output: Any = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "noted"}
    told = client.responses.create(
        model=MODEL, input=[output], tools=[NOTE], previous_response_id=asked.id
    )
    assert "noted" in told.output_text
    used = last_state(house)["history"][-1]["assistantResponseMessage"]["toolUses"]
    assert used[0]["input"] == {"input": call.input}


def test_thoughts_are_streamed_as_a_summary(client: openai.OpenAI) -> None:
    with client.responses.stream(
        model=MODEL,
        input="[[sim:thinking]] Why?",
        reasoning={"summary": "auto"},
        include=["reasoning.encrypted_content"],
    ) as stream:
        final: Any = stream.get_final_response()
    thought, message = final.output
    assert (thought.type, message.type) == ("reasoning", "message")
    assert thought.summary[0].text
    assert thought.encrypted_content
    assert thought.encrypted_content.startswith("ki2api.")


@pytest.mark.parametrize(
    ("model", "summary"),
    [("claude-opus-4.8", "auto"), ("claude-opus-4.8", None), ("gpt-5.6-sol", None)],
)
@pytest.mark.parametrize("kept", [False, True])
def test_thoughts_go_back_to_kiro_with_their_proof(
    house: Any, client: openai.OpenAI, model: str, summary: Any, *, kept: bool
) -> None:
    _, simulator = house
    refused = len(simulator.refused)
    said: Any = [{"role": "user", "content": "What is the weather in Paris?"}]
    asked: Any = {"model": model, "tools": [WEATHER], "reasoning": {"effort": "medium"}}
    if summary:
        asked["reasoning"]["summary"] = summary
    if kept:
        first = client.responses.create(input=said, **asked)
    else:
        asked |= {"store": False, "include": ["reasoning.encrypted_content"]}
        first = client.responses.create(input=said, **asked)
    thought: Any = next(item for item in first.output if item.type == "reasoning")
    assert bool(thought.summary) == bool(summary)
    assert bool(thought.encrypted_content) != kept
    (call,) = [item for item in first.output if item.type == "function_call"]
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees"}
    if kept:
        told = client.responses.create(input=[result], previous_response_id=first.id, **asked)
    else:
        items = [item.model_dump(exclude_none=True) for item in first.output]
        told = client.responses.create(input=[*said, *items, result], **asked)
    assert "18 degrees" in told.output_text
    brought = last_state(house)["history"][1]["assistantResponseMessage"]["reasoningContent"]
    assert list(brought) == ["redactedContent" if "gpt" in model else "reasoningText"]
    assert len(simulator.refused) == refused


def test_a_search_of_the_web_is_an_item_and_its_pages_are_cited(client: openai.OpenAI) -> None:
    question = "Search the web: what is new in Python?"
    with client.responses.stream(
        model=MODEL, input=question, tools=[{"type": "web_search"}]
    ) as stream:
        kinds = [event.type for event in stream]
        final: Any = stream.get_final_response()
    (search,) = [item for item in final.output if item.type == "web_search_call"]
    assert (search.status, search.action.type) == ("completed", "search")
    assert search.action.query
    assert search.action.sources
    assert "response.web_search_call.completed" in kinds
    content = final.output[-1].content[0]
    for note in content.annotations:
        assert note.url in content.text[note.start_index : note.end_index]
    assert content.annotations


def test_a_reply_is_kept_listed_and_forgotten(client: openai.OpenAI) -> None:
    first = client.responses.create(model=MODEL, input="My name is Ada.")
    second = client.responses.create(model=MODEL, input="Who am I?", previous_response_id=first.id)
    items = list(client.responses.input_items.list(second.id, order="asc", limit=2))
    assert [item.type for item in items] == ["message", "message", "message"]
    assert [item.role for item in items if item.type == "message"] == ["user", "assistant", "user"]
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError) as missing:
        client.responses.retrieve(first.id)
    assert missing.value.code == "response_not_found"
    with pytest.raises(openai.BadRequestError) as gone:
        client.responses.create(model=MODEL, input="And now?", previous_response_id=second.id)
    assert (gone.value.code, gone.value.param) == (
        "previous_response_not_found",
        "previous_response_id",
    )
    with pytest.raises(openai.BadRequestError, match="background"):
        client.responses.cancel(second.id)


def test_an_item_may_be_named_by_its_id(house: Any, client: openai.OpenAI) -> None:
    first = client.responses.create(model=MODEL, input="My name is Ada.")
    said: Any = [
        {"role": "user", "content": "My name is Ada."},
        {"type": "item_reference", "id": first.output[0].id},
        {"role": "user", "content": "Who am I?"},
    ]
    client.responses.create(model=MODEL, input=said)
    answered = last_state(house)["history"][1]["assistantResponseMessage"]["content"]
    assert answered == first.output_text


def test_a_reply_that_was_not_to_be_kept_is_not(client: openai.OpenAI) -> None:
    reply = client.responses.create(model=MODEL, input="Hello", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(reply.id)


def test_a_conversation_is_compacted_and_goes_on(house: Any, client: openai.OpenAI) -> None:
    said: Any = [
        {"role": "user", "content": "My name is Ada."},
        {"role": "assistant", "content": "Hello Ada."},
    ]
    compacted = client.responses.compact(model=MODEL, input=said)
    assert compacted.object == "response.compaction"
    assert [item.type for item in compacted.output] == ["message", "compaction"]
    rest: Any = [item.model_dump(warnings=False) for item in compacted.output]
    client.responses.create(model=MODEL, input=[*rest, {"role": "user", "content": "Who am I?"}])
    now = last_state(house)["currentMessage"]["userInputMessage"]["content"]
    assert now.startswith("My name is Ada.\n\nA summary of the conversation so far")
    trigger: Any = {"type": "compaction_trigger"}
    with client.responses.stream(model=MODEL, input=[*said, trigger]) as stream:
        final = stream.get_final_response()
    assert [item.type for item in final.output] == ["compaction"]


def test_a_bad_request_names_its_place(client: openai.OpenAI) -> None:
    bad: Any = [{"role": "user", "content": [{"type": "hologram"}]}]
    with pytest.raises(openai.BadRequestError, match=r"input\[0\]\.content\[0\]"):
        client.responses.create(model=MODEL, input=bad)
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=MODEL, input="Hello", background=True)
    assert refused.value.param == "background"


@pytest.mark.parametrize("scenario", ["exception", "truncated at=800"])
def test_an_error_in_the_middle_of_a_stream_is_raised_and_nothing_is_kept(
    client: openai.OpenAI, scenario: str
) -> None:
    seen: list[Any] = []
    with (
        pytest.raises(openai.APIError),
        client.responses.stream(model=MODEL, input=f"[[sim:{scenario}]] Hello") as stream,
    ):
        seen.extend(stream)
    assert [event.type for event in seen][-1:] in ([], ["response.failed"])
    for event in seen[:1]:
        assert event.type == "response.created"
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(event.response.id)


def test_nobody_reads_what_another_key_keeps(simulator: Simulator, start: Any) -> None:
    simulator.add_account("only")
    gateway = start(simulator, server='api-keys = ["one", "two"]')
    mine, other = gateway.openai(api_key="one"), gateway.openai(api_key="two")
    reply = mine.responses.create(model=MODEL, input="Hello")
    assert mine.responses.retrieve(reply.id).id == reply.id
    for ask in (other.responses.retrieve, other.responses.delete, other.responses.input_items.list):
        with pytest.raises(openai.NotFoundError):
            ask(reply.id)
    with pytest.raises(openai.BadRequestError):
        other.responses.create(model=MODEL, input="Hi", previous_response_id=reply.id)
    with pytest.raises(openai.BadRequestError, match="limit"):
        mine.responses.input_items.list(reply.id, limit=1000)
    with pytest.raises(openai.BadRequestError, match="order"):
        mine.responses.input_items.list(reply.id, extra_query={"order": "up"})
    with pytest.raises(openai.BadRequestError, match="stream"):
        list(mine.responses.retrieve(reply.id, stream=True))
