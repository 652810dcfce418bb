"""Thoughts as tagged text: found at the very start only, and cut anywhere."""

import pytest

from ki2api.kiro.tags import Piece, TagReader


def read(*pieces: str) -> list[Piece]:
    reader = TagReader()
    return joined([found for piece in pieces for found in reader.feed(piece)] + reader.close())


def joined(pieces: list[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for kind, text in pieces:
        if out and out[-1][0] == kind:
            text = out.pop()[1] + text  # noqa: PLW2901 - neighbours of one kind are one
        out.append((kind, text))
    return out


FENCED = "a\n```\n</thinking>\n\nb\n```\nc"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("hello", [("text", "hello")]),
        ("\n\n", [("text", "\n\n")]),
        ("<think", [("text", "<think")]),
        ("<thinks>a", [("text", "<thinks>a")]),
        ("`<thinking>` a </thinking>\n\nb", [("text", "`<thinking>` a </thinking>\n\nb")]),
        ("a <thinking>b</thinking>\n\nc", [("text", "a <thinking>b</thinking>\n\nc")]),
        ("<thinking>a</thinking>\n\nb", [("thinking", "a"), ("text", "b")]),
        ("\n<thinking>a</thinking> \r\n\r\n\nb", [("thinking", "a"), ("text", "\nb")]),
        ("<thinking></thinking>\n\nb", [("text", "b")]),
        ("<thinking>a < b <b></thinking>\n\n", [("thinking", "a < b <b>")]),
        ("<thinking>a</thinking>", [("thinking", "a")]),
        ("<thinking>a</thinking>\n", [("thinking", "a")]),
        ("<thinking>a", [("thinking", "a")]),
        ("<thinking>a</think", [("thinking", "a</think")]),
        ("<thinking>a</thinking>b", [("thinking", "a</thinking>b")]),
        ('<thinking>"</thinking>" a', [("thinking", '"</thinking>" a')]),
        (
            "<thinking>`</thinking>` a\n</thinking>\n\nb",
            [("thinking", "`</thinking>` a\n"), ("text", "b")],
        ),
        (f"<thinking>{FENCED}</thinking>\n\nd", [("thinking", FENCED), ("text", "d")]),
        ("<thinking>```\n</thinking>", [("thinking", "```\n</thinking>")]),
        (
            "<thinking>a</thinking>\n\n<thinking>b</thinking>\n\nc",
            [("thinking", "a"), ("text", "<thinking>b</thinking>\n\nc")],
        ),
    ],
)  # fmt: skip - a table
def test_thoughts_end_at_the_real_closing_tag(text: str, found: list[Piece]) -> None:
    assert read(text) == found
    assert read(*text) == found


def test_nothing_is_held_back_that_cannot_be_a_tag() -> None:
    reader = TagReader()
    assert reader.feed("\n<think") == []
    assert reader.feed("ing>I weigh") == [("thinking", "I weigh")]
    assert reader.feed(" a < b, </") == [("thinking", " a "), ("thinking", "< b, ")]
    assert reader.feed("thinking>\n") == []
    assert reader.feed("\nSo") == [("text", "So")]
    assert reader.feed(" it is") == [("text", " it is")]


def test_the_end_of_a_run_is_the_end_of_looking() -> None:
    reader = TagReader()
    assert reader.feed("<thinking>a") == [("thinking", "a")]
    assert reader.close() == []
    assert reader.feed("</thinking>\n\n") == [("text", "</thinking>\n\n")]
