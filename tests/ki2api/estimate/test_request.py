from base64 import b64encode
from collections.abc import Callable

import msgspec
import pytest

from ki2api.conversation import (
    Conversation,
    DocumentPart,
    ImageLinkPart,
    ImagePart,
    Part,
    TextPart,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.estimate import Family, conversation_tokens, estimated, text_tokens
from ki2api.estimate.memory import Memory
from ki2api.estimate.pictures import UNKNOWN

WORDS = "Every part of a request is counted, whoever wrote it. " * 3
EMPTY = conversation_tokens(Conversation("m", (Turn("user", ()),)))


def tokens(*parts: Part) -> int:
    return conversation_tokens(Conversation("m", (Turn("user", parts),))) - EMPTY


def test_nothing_has_no_tokens() -> None:
    assert conversation_tokens(Conversation("m", ())) == 0
    assert EMPTY > 0


@pytest.mark.parametrize(
    "part",
    [
        TextPart(WORDS),
        ThinkingPart(WORDS),
        ToolCallPart("id", "", WORDS),
        ToolCallPart("id", WORDS, ""),
        ToolResultPart("id", (TextPart(WORDS),)),
        DocumentPart("a", "txt", b64encode(WORDS.encode()).decode()),
        DocumentPart("a", "md", WORDS),
    ],
)
def test_words_count_wherever_they_stand(part: Part) -> None:
    assert tokens(part) == text_tokens(WORDS)


def test_system_text_and_tools_count() -> None:
    tool = Tool("name", WORDS, msgspec.Raw(b'{"type":"object"}'))
    assert conversation_tokens(Conversation("m", (), (TextPart(WORDS),))) == text_tokens(WORDS)
    assert conversation_tokens(Conversation("m", (), tools=(tool,))) > text_tokens(WORDS) + 4


def test_a_tool_that_the_model_is_not_told_of_costs_nothing() -> None:
    tool = Tool("name", WORDS, msgspec.Raw(b"{}"), deferred=True)
    assert conversation_tokens(Conversation("m", (), tools=(tool,))) == 0


def test_pictures_and_files_are_guessed_and_said_to_be() -> None:
    parts = (
        TextPart(WORDS),
        ImagePart("png", "x"),
        ImageLinkPart("https://example.com/a.png"),
        DocumentPart("a", "pdf", "x" * 400_000),
        ToolResultPart("id", (ImagePart("png", ""),)),
    )
    estimate = estimated(Conversation("m", (Turn("user", parts),)), "claude")
    assert estimate.attached == 3 * UNKNOWN + 10_000
    assert estimate.written == EMPTY + text_tokens(WORDS)
    assert estimate.tokens == estimate.written + estimate.attached


def counting() -> tuple[list[str], Callable[[str, Family], int]]:
    """Return a measure, and what it is asked to measure."""
    measured: list[str] = []

    def measure(text: str, family: Family) -> int:
        measured.append(text)
        return len(family)

    return measured, measure


def test_what_was_measured_is_remembered_by_its_hash_alone() -> None:
    measured, measure = counting()
    memory, text = Memory(measure, most=9), WORDS * 4
    assert memory.of(text, "claude") == memory.of(str(text), "claude") == len("claude")
    assert memory.of(text, "claude-4.7") == len("claude-4.7")
    assert len(measured) == 2
    assert text not in str(vars(memory))


def test_the_memory_does_not_grow_for_ever() -> None:
    measured, measure = counting()
    memory = Memory(measure, most=2)
    for text in ("a", "b", "c", "b", "c"):
        memory.of(text, "claude")
    assert measured == ["a", "b", "c", "b"]


def test_a_list_of_tools_is_estimated_as_each_of_them() -> None:
    tool = Tool("name", WORDS, msgspec.Raw(b"{}"))
    other = Tool("other", WORDS * 2, msgspec.Raw(b"{}"))
    one, both = (
        conversation_tokens(Conversation("m", (), tools=tools))
        for tools in ((tool,), (tool, other))
    )
    alone = conversation_tokens(Conversation("m", (), tools=(other,)))
    assert one < both <= one + alone
