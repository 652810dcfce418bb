"""Requests of the Responses API."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ki2api.conversation import (
    Conversation,
    Metadata,
    ReplyFormat,
    Sampling,
    TextPart,
    Thinking,
    ToolChoice,
    Turn,
    WebSearch,
)
from ki2api.errors import InvalidRequest, ThreadNotFound
from ki2api.protocols import Delivery, RawRequest
from ki2api.protocols.openai_responses import OPENAI_RESPONSES, OpenAICompaction, OpenAIResponses
from ki2api.protocols.openai_responses.asked import Asked, Echo
from ki2api.protocols.openai_responses.compacting import PROMPT
from ki2api.protocols.openai_responses.decode import decode_count
from ki2api.shelf import Kept, Shelf

Ask = Callable[..., RawRequest]
HI = Turn("user", (TextPart("hi", "input"),), "input")
TOOL = {"type": "function", "name": "ls"}


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "gpt-x", "input": "hi", **fields}


def conversation(request: RawRequest, *, drop: bool = False) -> Conversation:
    return OPENAI_RESPONSES.decode(request, drop_unknown=drop)[0]


def asked_of(delivery: Delivery) -> Asked:
    assert isinstance(delivery.kept, Asked)
    return delivery.kept


def test_the_least_request_is_a_conversation(ask: Ask) -> None:
    found, delivery = OPENAI_RESPONSES.decode(ask(body()))
    assert found == Conversation("gpt-x", (HI,), thinking=Thinking(display="omitted"))
    assert (delivery.id, delivery.model, delivery.created, delivery.stream) == (
        "f10e",
        "gpt-x",
        1_790_000_000,
        False,
    )


def test_a_stream_is_asked_for(ask: Ask) -> None:
    assert OPENAI_RESPONSES.decode(ask(body(stream=True)))[1].stream


def test_instructions_stand_before_what_the_developer_says(ask: Ask) -> None:
    said = [{"role": "developer", "content": "two"}, {"role": "user", "content": "hi"}]
    found = conversation(ask(body(instructions="one", input=said)))
    assert found.system == (
        TextPart("one", "instructions"),
        TextPart("two", "input[0].content"),
    )
    assert found.turns == (Turn("user", (TextPart("hi", "input[1].content"),), "input[1]"),)


@pytest.mark.parametrize("said", [None, [], [{"role": "system", "content": "be kind"}]])
def test_something_must_be_said(ask: Ask, said: Any) -> None:
    with pytest.raises(InvalidRequest, match="at least one message") as refused:
        conversation(ask(body(input=said)))
    assert refused.value.path == "input"


def test_tools_are_declared_wherever_they_stand(ask: Ask) -> None:
    said = [
        {"type": "additional_tools", "role": "developer", "tools": [TOOL]},
        {"role": "user", "content": "hi"},
    ]
    search = {"type": "web_search"}
    choice = {"type": "function", "name": "pwd"}
    pwd = {"type": "function", "name": "pwd"}
    found = conversation(ask(body(input=said, tools=[pwd, search], tool_choice=choice)))
    assert [(tool.name, tool.at) for tool in found.tools] == [
        ("pwd", "tools[0]"),
        ("ls", "input[0].tools[0]"),
    ]
    assert found.web_search == WebSearch(at="tools[1]")
    assert found.tool_choice == ToolChoice("named", "pwd")
    assert found.not_honoured == ()


def test_how_to_draw_the_reply_is_read(ask: Ask) -> None:
    found = conversation(ask(body(max_output_tokens=9, temperature=0.5, top_p=0.25)))
    assert found.sampling == Sampling(9, 0.5, 0.25)


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        (None, Thinking(display="omitted")),
        ({}, Thinking(display="omitted")),
        ({"effort": "low"}, Thinking(enabled=True, effort="low", display="omitted")),
        ({"effort": "none", "summary": "auto"}, Thinking(enabled=False)),
        ({"summary": "auto"}, Thinking(display="summarized")),
        ({"generate_summary": "concise"}, Thinking(display="summarized")),
    ],
)
def test_thinking_is_read(ask: Ask, reasoning: Any, expected: Thinking) -> None:
    assert conversation(ask(body(reasoning=reasoning))).thinking == expected


def test_an_effort_that_no_model_knows_is_refused(ask: Ask) -> None:
    with pytest.raises(InvalidRequest, match="must be one of") as refused:
        conversation(ask(body(reasoning={"effort": "huge"})))
    assert refused.value.path == "reasoning.effort"


def test_the_form_of_the_reply_is_read(ask: Ask) -> None:
    def form(text: Any) -> ReplyFormat:
        return conversation(ask(body(text=text))).reply_format

    schema = {"type": "json_schema", "name": "n", "schema": {"a": 1}, "strict": True}
    assert form(None) == form({}) == form({"format": {"type": "text"}}) == ReplyFormat()
    assert form({"format": {"type": "json_object"}}) == ReplyFormat("json", at="text.format")
    assert form({"format": schema}) == ReplyFormat(
        "json-schema", "n", "", msgspec.Raw(b'{"a":1}'), "text.format"
    )
    assert form({"format": {**schema, "description": "d"}}).description == "d"


@pytest.mark.parametrize(
    ("form", "place"),
    [({"type": "json_schema", "name": "n"}, "text.format.schema"), ({"type": "xml"}, None)],
)
def test_another_form_is_refused(ask: Ask, form: dict[str, str], place: str | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        conversation(ask(body(text={"format": form})))
    assert refused.value.path == (place or "text.format.type")


@pytest.mark.parametrize(
    ("fields", "headers", "expected"),
    [
        ({}, {}, Metadata()),
        ({"user": "me"}, {}, Metadata("me")),
        ({"user": "me", "safety_identifier": "hash"}, {}, Metadata("hash")),
        ({"prompt_cache_key": "k"}, {}, Metadata(session="k")),
        ({"prompt_cache_key": "k"}, {"session_id": "s"}, Metadata(session="s")),
    ],
)
def test_who_asks_is_read(
    ask: Ask, fields: dict[str, str], headers: dict[str, str], expected: Metadata
) -> None:
    assert conversation(ask(body(**fields), **headers)).metadata == expected


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"service_tier": "auto", "truncation": "disabled", "text": {"verbosity": "medium"}}, ()),
        ({"service_tier": "default", "metadata": {"a": "b"}, "top_logprobs": 0}, ()),
        ({"service_tier": "priority", "truncation": "auto"}, ("service_tier", "truncation")),
        ({"max_tool_calls": 3, "text": {"verbosity": "low"}}, ("max_tool_calls", "text.verbosity")),
        ({"reasoning": {"context": "all_turns"}}, ("reasoning.context",)),
        (
            {
                "include": [
                    "reasoning.encrypted_content",
                    "web_search_call.action.sources",
                    "file_search_call.results",
                ]
            },
            ("include[2]",),
        ),
        ({"background": False, "context_management": []}, ()),
    ],
)
def test_what_has_no_effect_is_told(
    ask: Ask, fields: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert conversation(ask(body(**fields))).not_honoured == names


@pytest.mark.parametrize("name", sorted(set(Echo.__struct_fields__) - {"previous_response_id"}))
def test_what_the_reply_repeats_is_of_the_kind_that_it_is_said_to_be(ask: Ask, name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        conversation(ask(body(**{name: ["no", "such", "kind"]})))
    assert str(caught.value.path).startswith(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("background", True),
        ("conversation", "conv_1"),
        ("moderation", {"model": "m"}),
        ("prompt", {"id": "p"}),
        ("top_logprobs", 3),
    ],
)
def test_what_would_change_the_shape_is_refused(ask: Ask, name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        conversation(ask(body(**{name: value})))
    assert refused.value.path == name


def test_the_reply_may_repeat_what_was_asked(ask: Ask) -> None:
    request = body(tools=[TOOL], tool_choice="required", metadata=None, reasoning={"effort": "low"})
    echo = asked_of(OPENAI_RESPONSES.decode(ask(request))[1]).echo
    said = {name: msgspec.json.decode(value) for name, value in echo.items()}
    assert said["tools"] == [TOOL]
    assert said["tool_choice"] == "required"
    assert said["metadata"] == {}
    assert said["reasoning"] == {"effort": "low"}
    assert said["temperature"] is None
    assert said["store"] is True


def test_what_is_sealed_comes_only_where_it_is_asked_for(ask: Ask) -> None:
    wanted = body(include=["reasoning.encrypted_content"])
    assert asked_of(OPENAI_RESPONSES.decode(ask(wanted))[1]).sealed
    assert not asked_of(OPENAI_RESPONSES.decode(ask(body()))[1]).sealed


def test_a_reply_is_kept_unless_that_was_not_wanted(ask: Ask) -> None:
    kept = asked_of(OPENAI_RESPONSES.decode(ask(body()))[1])
    assert kept.keep
    assert list(kept.items) == ["msg_f10e_in0"]
    other = asked_of(OPENAI_RESPONSES.decode(ask(body(store=False)))[1])
    assert not other.keep
    assert other.items == {}


def shelf() -> Shelf:
    shelf = Shelf()
    mine = shelf.of("me")
    mine.keep(
        Kept(
            "resp_1",
            b"{}",
            {"msg_1": b'{"id":"msg_1","type":"message","role":"user","content":"one"}'},
            {"msg_2": b'{"id":"msg_2","type":"message","role":"assistant","content":"two"}'},
        )
    )
    asked = {"msg_3": b'{"id":"msg_3","type":"message","role":"user","content":"three"}'}
    mine.keep(Kept("resp_2", b"{}", asked, {}, "resp_1"))
    return shelf


def test_a_request_goes_on_from_what_was_said_before(ask: Ask) -> None:
    dialect = OpenAIResponses(shelf().of("me"))
    request = ask(body(previous_response_id="resp_2", instructions="be kind"))
    found, delivery = dialect.decode(request)
    assert [turn.role for turn in found.turns] == ["user", "assistant", "user"]
    assert found.turns[0].at == "previous_response_id[0]"
    assert found.turns[2].parts == (
        TextPart("three", "previous_response_id[2].content"),
        TextPart("hi", "input"),
    )
    asked = asked_of(delivery)
    assert asked.previous == "resp_2"
    assert list(asked.items) == ["msg_f10e_in0"]


def test_an_item_of_what_was_said_before_may_be_named(ask: Ask) -> None:
    dialect = OpenAIResponses(shelf().of("me"))
    said = [{"role": "user", "content": "hi"}, {"type": "item_reference", "id": "msg_2"}]
    found, delivery = dialect.decode(ask(body(input=said)))
    assert found.turns[1].parts == (TextPart("two", "input[1].content"),)
    assert "msg_2" in asked_of(delivery).items


@pytest.mark.parametrize(("owner", "name"), [("me", "resp_9"), ("another", "resp_1")])
def test_what_is_not_kept_for_the_caller_is_not_found(ask: Ask, owner: str, name: str) -> None:
    dialect = OpenAIResponses(shelf().of(owner))
    with pytest.raises(ThreadNotFound, match=f"'{name}' not found") as refused:
        dialect.decode(ask(body(previous_response_id=name)))
    assert refused.value.path == "previous_response_id"


def test_a_trigger_at_the_end_asks_for_a_summary(ask: Ask) -> None:
    said = [{"role": "user", "content": "hi"}, {"type": "compaction_trigger"}]
    form = {"format": {"type": "json_object"}}
    tools = [TOOL, {"type": "web_search"}]
    found, delivery = OPENAI_RESPONSES.decode(ask(body(input=said, tools=tools, text=form)))
    assert found.turns[-1] == Turn("user", (TextPart(PROMPT, "input[1]"),), "input[1]")
    assert (found.tools, found.web_search, found.reply_format) == ((), None, ReplyFormat())
    assert found.tool_choice.mode == "none"
    assert asked_of(delivery).compacts


def test_a_trigger_of_an_earlier_request_asks_for_nothing(ask: Ask) -> None:
    said = [{"type": "compaction_trigger"}, {"role": "user", "content": "hi"}]
    found, delivery = OPENAI_RESPONSES.decode(ask(body(input=said)))
    assert found.turns == (Turn("user", (TextPart("hi", "input[1].content"),), "input[1]"),)
    assert not asked_of(delivery).compacts


def test_the_route_of_compaction_keeps_what_the_user_said(ask: Ask) -> None:
    dialect = OpenAICompaction(shelf().of("me"))
    found, delivery = dialect.decode(ask(body(previous_response_id="resp_2", stream=True)))
    assert found.turns[-1].parts == (TextPart(PROMPT, "input"),)
    assert not delivery.stream
    asked = asked_of(delivery)
    assert list(asked.items) == ["msg_1", "msg_3", "msg_f10e_in2"]
    assert (asked.keep, asked.compacts) == (False, True)


def test_a_request_that_is_counted_continues_what_is_kept(ask: Ask) -> None:
    drawer = Shelf().of("me")
    said = {"msg_1": b'{"role":"user","content":"one"}'}
    answered = {"msg_2": b'{"role":"assistant","content":"two"}'}
    drawer.keep(Kept("resp_1", b"{}", said, answered))
    asked = {"model": "gpt-x", "input": "hi", "previous_response_id": "resp_1"}
    found = decode_count(ask(asked), drawer)
    assert [turn.role for turn in found.turns] == ["user", "assistant", "user"]
    with pytest.raises(ThreadNotFound):
        decode_count(ask(asked), Shelf().of("me"))
