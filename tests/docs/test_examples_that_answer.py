"""The examples that answer without calling on: canned answers, and replies from memory."""

from typing import Any

import pytest

from ki2api.errors import UpstreamDisconnected
from ki2api.events import PartStarted

pytestmark = pytest.mark.anyio
both_forms = pytest.mark.parametrize("form", ["whole", "streamed"])


@both_forms
async def test_a_known_question_is_answered_without_kiro(form: str, serve: Any, table: Any) -> None:
    served = serve(table("canned_answer"))
    flow = await served.ask(" ping\n", stream=form == "streamed")
    assert served.words == "pong"
    assert served.reason == "stop"
    assert flow.failure is None
    assert served.kiro.asked == []


async def test_only_the_last_thing_said_is_looked_at(serve: Any, table: Any) -> None:
    served = serve(table("canned_answer"))
    roles = ("user", "ping"), ("assistant", "pong"), ("user", "And now?")
    await served.ask(messages=[{"role": role, "content": text} for role, text in roles])
    assert served.words == "Hello there"


async def test_a_reply_is_remembered_and_forms_do_not_matter(serve: Any, table: Any) -> None:
    served = serve(table("cache_reply"))
    for stream in True, False, True:
        flow = await served.ask(stream=stream)
        assert served.words == "Hello there"
        assert served.reason == "stop"
        assert flow.usage.output == 5
    assert len(served.kiro.asked) == 1


@pytest.mark.parametrize("other", [{"words": "Bye"}, {"model": "glm-5"}, {"max_tokens": 9}])
async def test_another_conversation_is_asked_for(
    other: dict[str, Any], serve: Any, table: Any
) -> None:
    served = serve(table("cache_reply"))
    await served.ask()
    await served.ask(**other)
    assert len(served.kiro.asked) == 2


async def test_what_was_not_asked_for_the_longest_is_forgotten(serve: Any, table: Any) -> None:
    served = serve(table("cache_reply").replace("replies = 100", "replies = 2"))
    for words in "a", "b", "a", "c":
        await served.ask(words)
    assert len(served.kiro.asked) == 3
    await served.ask("a")
    assert len(served.kiro.asked) == 3
    await served.ask("b")
    assert len(served.kiro.asked) == 4


async def test_with_room_for_none_nothing_is_remembered(serve: Any, table: Any) -> None:
    served = serve(table("cache_reply").replace("replies = 100", "replies = 0"))
    await served.ask()
    await served.ask()
    assert len(served.kiro.asked) == 2


async def test_a_reply_that_broke_off_is_asked_for_anew(serve: Any, table: Any) -> None:
    served = serve(table("cache_reply"), breaks=UpstreamDisconnected("gone"))
    await served.ask(stream=True)
    await served.ask(stream=True)
    assert len(served.kiro.asked) == 2


async def test_a_reply_that_was_cut_is_asked_for_anew(serve: Any, table: Any) -> None:
    served = serve(table("cache_reply"), reason="max-tokens")
    await served.ask()
    await served.ask()
    assert len(served.kiro.asked) == 2


async def test_a_reply_that_the_client_left_is_asked_for_anew(serve: Any, table: Any) -> None:
    served = serve(table("cache_reply"))
    await served.ask(stream=True, leave_after=2)
    await served.ask(stream=True)
    assert served.words == "Hello there"
    assert len(served.kiro.asked) == 2


@pytest.mark.parametrize(
    "part", [PartStarted(0, "tool-call", "call_1", "read"), PartStarted(0, "thinking")]
)
async def test_a_reply_without_words_is_asked_for_anew(
    part: PartStarted, serve: Any, table: Any
) -> None:
    served = serve(table("cache_reply"), part=part, says=("{}",))
    await served.ask(stream=True)
    await served.ask(stream=True)
    assert len(served.kiro.asked) == 2
