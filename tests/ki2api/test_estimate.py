import msgspec
import pytest

from ki2api.conversation import (
    Conversation,
    DocumentPart,
    ImagePart,
    TextPart,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ki2api.estimate import IMAGE_TOKENS, Tally, conversation_tokens, text_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("abcd" * 10, 10),
        ("写一首关于春天的诗", 6),
        ("abcd春", 2),
        ("привет", 3),
        ("👋" * 9, 8),
        ("\ud800", 1),
    ],
)
def test_text_is_measured_by_its_script(text: str, tokens: int) -> None:
    assert text_tokens(text) == tokens


def test_pieces_count_like_the_whole() -> None:
    tally = Tally()
    for piece in ("Hello ", "wor", "ld ", "你好", "👋"):
        tally.add(piece)
    assert tally.tokens == text_tokens("Hello world 你好👋")


def test_everything_of_a_conversation_counts() -> None:
    parts = (
        TextPart("x" * 40),
        ThinkingPart("x" * 40),
        ImagePart("png", "x" * 9_999),
        DocumentPart("a", "pdf", "x" * 9_999),
        ToolCallPart("id", "name", "x" * 36),
        ToolResultPart("id", (TextPart("x" * 40), ImagePart("png", ""))),
    )
    tool = Tool("name", "x" * 36, msgspec.Raw(b"{" + b" " * 38 + b"}"))
    system = (TextPart("x" * 40),)
    empty = conversation_tokens(Conversation("m", ()))
    assert empty == 0
    assert conversation_tokens(Conversation("m", (), system)) == 10
    assert conversation_tokens(Conversation("m", (), tools=(tool,))) == 4 + 10 + 10
    assert (
        conversation_tokens(Conversation("m", (Turn("user", parts),))) == 4 + 40 + 3 * IMAGE_TOKENS
    )
