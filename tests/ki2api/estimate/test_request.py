from base64 import b64encode

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
from ki2api.estimate import conversation_tokens, estimated, memory, text_tokens
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


def test_what_was_measured_is_remembered_by_its_hash_alone() -> None:
    memory._known.clear()
    text = WORDS * 4
    first = memory.remembered(text, "claude")
    assert memory.remembered(str(text), "claude") == first
    assert memory.remembered(text, "claude-4.7") > first
    assert len(memory._known) == 2
    assert text not in str(memory._known)


def test_the_memory_does_not_grow_for_ever() -> None:
    memory._known.clear()
    for number in range(memory._MOST + 5):
        memory._known["claude", 0, number] = 0.0
    memory.remembered(WORDS * 4, "claude")
    assert len(memory._known) == 1
