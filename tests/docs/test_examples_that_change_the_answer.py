"""The examples that act on the stream: a length that is capped, and words that are taken out."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ki2api.conversation import Conversation
from ki2api.events import PartDelta, PartEnded, PartStarted, ReplyEnded, ReplyStarted, fold
from ki2api.flow import GatewayFlow
from pipeline import Catalog, SettingsError, config_type
from pipeline.testing import SpyEndpoint, batches, build_flow, run_stage

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
both_forms = pytest.mark.parametrize("form", ["whole", "streamed"])


@pytest.mark.parametrize(("asked", "sent"), [(9000, 4096), (100, 100), (None, 4096)])
async def test_the_lower_limit_holds(asked: int | None, sent: int, serve: Any, table: Any) -> None:
    served = serve(table("cap_max_tokens"))
    await served.ask(max_tokens=asked)
    assert served.kiro.asked[0].sampling.max_tokens == sent
    assert served.words == "Hello there"


@both_forms
async def test_an_answer_that_grows_too_long_is_ended(form: str, serve: Any, table: Any) -> None:
    served = serve(table("cap_max_tokens"), says=("12345", "67890", "more"))
    flow = await served.ask(stream=form == "streamed", max_tokens=2)
    assert served.words == "12345678"
    assert served.reason == "length"
    assert (flow.usage.input, flow.usage.output) == (10, 2)
    assert flow.failure is None


async def test_kiro_is_not_heard_to_the_end_of_what_is_cut(serve: Any, table: Any) -> None:
    served = serve(table("cap_max_tokens"), says=("12345", "67890", "more"))
    await served.ask(stream=True, max_tokens=2)
    assert served.kiro.said == 2
    assert served.kiro.closed == 1


async def test_an_answer_of_just_the_length_is_left_alone(serve: Any, table: Any) -> None:
    served = serve(table("cap_max_tokens"), says=("1234", "5678"))
    await served.ask(stream=True, max_tokens=2)
    assert served.words == "12345678"
    assert served.reason == "stop"


async def test_no_letter_is_cut_in_two(serve: Any, table: Any) -> None:
    served = serve(table("cap_max_tokens"), says=("春天春天",))
    await served.ask(stream=True, max_tokens=1)
    assert served.words == "春"


async def test_a_tool_call_is_let_through_whole(serve: Any, table: Any) -> None:
    call = PartStarted(0, "tool-call", "call_1", "read")
    served = serve(
        table("cap_max_tokens"),
        part=call,
        says=('{"path": "a long', ' path"}'),
        reason="tool-calls",
    )
    await served.ask(stream=True, max_tokens=1)
    assert served.arguments == '{"path": "a long path"}'
    assert served.reason == "tool_calls"


REDACT = '[[pipeline]]\nstage = "./redact_words.py"\nafter = "normalize"\n'


@both_forms
async def test_a_word_is_taken_out_wherever_it_is_split(form: str, serve: Any, table: Any) -> None:
    served = serve(table("redact_words"), says=("It is HUN", "", "t", "er2, of proj", "ect f"))
    await served.ask(stream=form == "streamed")
    assert served.words == "It is [redacted], of project f"


async def test_what_cannot_be_the_beginning_of_a_word_is_not_held_back(
    serve: Any, table: Any
) -> None:
    served = serve(table("redact_words"), says=("It is hun", "gry", "!"))
    await served.ask(stream=True, leave_after=2)
    assert served.words == "It is "


async def test_nothing_that_is_sent_holds_a_word(serve: Any, table: Any) -> None:
    call = {"name": "read", "arguments": '{"path": "/home/hunter2"}'}
    served = serve(table("redact_words"))
    await served.ask(
        messages=[
            {"role": "system", "content": "You work on Project Falcon."},
            {"role": "user", "content": [{"type": "text", "text": "I am hunter2"}]},
            {
                "role": "assistant",
                "tool_calls": [{"id": "1", "type": "function", "function": call}],
            },
            {"role": "tool", "tool_call_id": "1", "content": "PROJECT FALCON is secret"},
        ]
    )
    sent = msgspec.json.encode(served.kiro.asked[0]).decode()
    assert "hunter2" not in sent
    assert "falcon" not in sent.lower()
    assert sent.count("[redacted]") == 4


async def test_words_and_mask_are_taken_literally(serve: Any) -> None:
    served = serve(REDACT + "words = ['a.c', '(']\nmask = '\\1'", says=("abc a", ".c ("))
    await served.ask(stream=True)
    assert served.words == r"abc \1 \1"


async def test_arguments_of_a_call_are_redacted_too(serve: Any, table: Any) -> None:
    call = PartStarted(0, "tool-call", "call_1", "read")
    served = serve(table("redact_words"), part=call, says=('{"path": "hun', 'ter2"}'))
    await served.ask(stream=True)
    assert served.arguments == '{"path": "[redacted]"}'


@pytest.mark.parametrize("words", ["[]", '["a", ""]'])
def test_a_list_that_would_hide_nothing_or_all_is_refused(words: str, serve: Any) -> None:
    with pytest.raises(SettingsError, match=r"config\.toml:4: "):
        serve(REDACT + f"words = {words}")


@pytest.fixture(scope="module")
def redact(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the class of the example, and the Config that it takes."""
    folder = tmp_path_factory.mktemp("redact")
    shutil.copyfile(EXAMPLES / "redact_words.py", folder / "redact_words.py")
    (folder / "redact_words.py").chmod(0o644)
    return Catalog({}).find("redact_words.py", folder)


@given(
    words=st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=4),
    deltas=st.lists(st.text("abcd", max_size=6), max_size=6),
)
def test_a_stream_is_redacted_as_each_whole_part_would_be(
    redact: Any, words: list[str], deltas: list[str]
) -> None:
    stage = redact(config_type(redact)(words=tuple(words), mask="*"))
    conversation = Conversation(model="auto", turns=())

    async def streamed(*pieces: str) -> list[str]:
        events = batches(
            (ReplyStarted(), PartStarted(0, "thinking")),
            *((PartDelta(0, piece),) for piece in pieces),
            (PartEnded(0), PartStarted(1, "text")),
            *((PartDelta(1, piece),) for piece in pieces),
            (PartEnded(1), ReplyEnded("end")),
        )
        flow = build_flow(GatewayFlow, conversation=conversation)
        await run_stage(stage, flow, SpyEndpoint({"events": events}))
        reply = fold([event async for batch in flow.events for event in batch])
        return [getattr(part, "text", "") for part in reply.parts]

    longest_first = sorted(words, key=len, reverse=True)
    text, at, expected = "".join(deltas), 0, ""
    while at < len(text):
        hit = next((word for word in longest_first if text.startswith(word, at)), "")
        expected += "*" if hit else text[at]
        at += len(hit) or 1
    assert asyncio.run(streamed(*deltas)) == [expected, expected]
