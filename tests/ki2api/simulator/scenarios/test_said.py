"""Odd replies: thoughts in every form, nothing at all, usage in every form."""

from typing import Any

import pytest

from ki2api.simulator import SCENARIOS
from ki2api.simulator.rules.reasoning import signature_of

pytestmark = pytest.mark.anyio


async def test_a_text_on_demand(caller: Any) -> None:
    assert (await caller.events("[[sim:text say=Good+day]]")).text == "Good day"
    assert (await caller.events("x [[sim:empty]] y [[sim:text]]")).text == "Hello"


async def test_chinese_and_emoji_come_whole(caller: Any) -> None:
    assert "👩‍👩‍👧‍👦" in (await caller.events("[[sim:cjk]]")).text


async def test_thoughts_come_first_and_signed(caller: Any) -> None:
    events = await caller.events("[[sim:thinking]]")
    *texts, signed = events.of("reasoningContentEvent")
    thoughts = "".join(part["text"] for part in texts)
    assert signed == {"signature": signature_of("claude-sonnet-4.5", thoughts)}
    assert events.names.index("assistantResponseEvent") == len(texts) + 2


async def test_thoughts_come_in_tags(caller: Any) -> None:
    text = (await caller.events("[[sim:thinking-tags]]")).text
    assert text.startswith("<thinking>The user")
    assert "</thinking>\n\nHello!" in text


async def test_tags_come_letter_by_letter(caller: Any) -> None:
    events = await caller.events("[[sim:thinking-tags-split]]")
    texts = [part["content"] for part in events.of("assistantResponseEvent")]
    assert all(len(text) == 1 for text in texts)
    assert "".join(texts).startswith("\n<thinking>The user")


async def test_thoughts_come_twice(caller: Any) -> None:
    events = await caller.events("[[sim:thinking-twice]]")
    thoughts = "".join(part.get("text", "") for part in events.of("reasoningContentEvent"))
    assert events.text.startswith(f"<thinking>{thoughts}</thinking>\n\nHello!")


async def test_a_signature_comes_in_two_pieces(caller: Any) -> None:
    *texts, first, last = (await caller.events("[[sim:thinking-signature-split]]")).of(
        "reasoningContentEvent"
    )
    thoughts = "".join(part["text"] for part in texts)
    whole = first["signature"] + last["signature"]
    assert whole == signature_of("claude-sonnet-4.5", thoughts)


@pytest.mark.parametrize("name", ["thinking-redacted", "thinking-late"])
async def test_thoughts_come_late(caller: Any, name: str) -> None:
    events = await caller.events(f"[[sim:{name}]]")
    assert events.names[-3:] == ["reasoningContentEvent", "contextUsageEvent", "meteringEvent"]
    assert events.of("reasoningContentEvent")[-1].keys() <= {"redactedContent", "signature"}


async def test_thoughts_alone(caller: Any) -> None:
    events = await caller.events("[[sim:reasoning-only]]")
    assert "reasoningContentEvent" in events.names
    assert events.text == ""


async def test_nothing_and_usage_alone_and_no_usage(caller: Any) -> None:
    assert await caller.events("[[sim:empty]]") == []
    alone = await caller.events("[[sim:usage-only]]")
    assert alone.names == ["messageMetadataEvent", "contextUsageEvent", "meteringEvent"]
    assert (await caller.events("[[sim:no-usage]]")).names[-1] == "assistantResponseEvent"


async def test_a_full_context(caller: Any) -> None:
    events = await caller.events("[[sim:context-full]]")
    assert events.of("contextUsageEvent") == [{"contextUsagePercentage": 100.0}]


async def test_a_stop_reason(caller: Any) -> None:
    events = await caller.events("[[sim:stop-reason reason=MAX_TOKENS]]")
    assert events[-1] == ("metadataEvent", {"stopReason": "MAX_TOKENS"})


async def test_token_counts_add_up(caller: Any) -> None:
    counts = (await caller.events("[[sim:token-usage]]"))[-1][1]["tokenUsage"]
    assert counts["totalTokens"] == (
        counts["uncachedInputTokens"] + counts["cacheReadInputTokens"] + counts["outputTokens"]
    )
    assert counts["uncachedInputTokens"] > 2_000


def test_every_scenario_says_in_a_line_what_it_does() -> None:
    assert len(SCENARIOS) > 50
    assert all(line.endswith(".") and "\n" not in line for line in SCENARIOS.values())
    assert "_" not in "".join(SCENARIOS)
