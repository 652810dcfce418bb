"""What clients read of tokens: counted before, told at the start, corrected at the end."""

import re
from typing import Any

import anthropic
import openai
import pytest

MODEL = "claude-sonnet-4.5"
QUESTION: Any = [{"role": "user", "content": "Tell me about the harbour. " * 400}]
TOO_LONG: Any = [{"role": "user", "content": "[[sim:too-long]] " + "1 " * 230_000}]


def facts(usage: Any) -> dict[str, Any]:
    found: dict[str, Any] = usage.to_dict()["ki2api"]
    return found


def test_a_stream_of_messages_corrects_its_estimate_at_the_end(house: Any) -> None:
    gateway, _ = house
    events = list(
        gateway.anthropic().messages.create(
            model=MODEL, max_tokens=500, messages=QUESTION, stream=True
        )
    )
    started = next(event.message.usage for event in events if event.type == "message_start")
    ended = next(event.usage for event in events if event.type == "message_delta")
    assert "ki2api" not in started.to_dict()
    assert ended.input_tokens == pytest.approx(started.input_tokens, rel=0.75)
    assert ended.output_tokens > 0
    assert facts(ended)["source"] == "derived"
    assert facts(ended)["credits"] > 0
    assert facts(ended)["context_percent"] > 0


def test_the_sdk_keeps_the_corrected_figures(house: Any) -> None:
    gateway, _ = house
    client = gateway.anthropic()
    with client.messages.stream(model=MODEL, max_tokens=500, messages=QUESTION) as stream:
        deltas = [event for event in stream if event.type == "message_delta"]
        final = stream.get_final_message()
    assert final.usage.input_tokens == deltas[-1].usage.input_tokens
    assert final.usage.output_tokens == deltas[-1].usage.output_tokens


def test_whole_replies_say_the_source_in_a_header_and_in_their_usage(house: Any) -> None:
    gateway, _ = house
    raw = gateway.openai().chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION)
    usage = raw.parse().usage
    assert raw.headers["x-ki2api-usage-source"] == facts(usage)["source"] == "derived"


def test_a_stream_of_completions_says_the_source_at_its_end(house: Any) -> None:
    gateway, _ = house
    *_, last = gateway.openai().chat.completions.create(
        model=MODEL, messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    assert facts(last.usage)["source"] == "derived"


def test_the_count_leaves_out_kiros_own_prompt_and_is_else_what_the_usage_will_be(
    house: Any,
) -> None:
    gateway, _ = house
    client = gateway.anthropic()
    for _ in range(8):
        client.messages.create(model=MODEL, max_tokens=9, messages=QUESTION)
    usage = client.messages.create(model=MODEL, max_tokens=9, messages=QUESTION).usage
    twice = [*QUESTION, {"role": "assistant", "content": "."}, *QUESTION]
    counted = [
        client.messages.count_tokens(model=MODEL, messages=messages).input_tokens
        for messages in (QUESTION, twice)
    ]
    assert counted[1] == pytest.approx(2 * counted[0], rel=0.02)
    assert counted[0] < usage.input_tokens


@pytest.mark.parametrize("stream", [False, True])
def test_a_context_that_is_full_is_told_in_the_words_that_start_a_compaction(
    house: Any,
    stream: bool,  # noqa: FBT001 - both ways
) -> None:
    gateway, _ = house
    with pytest.raises(anthropic.BadRequestError) as refused:
        gateway.anthropic().messages.create(
            model=MODEL, max_tokens=9, messages=TOO_LONG, stream=stream
        )
    told: Any = refused.value.body
    assert re.fullmatch(
        r"prompt is too long: \d+ tokens > 200000 maximum", told["error"]["message"]
    )
    with pytest.raises(openai.BadRequestError) as also:
        gateway.openai().chat.completions.create(model=MODEL, messages=TOO_LONG, stream=stream)
    assert also.value.code == "context_length_exceeded"
    assert "maximum context length is 200000 tokens" in also.value.message
