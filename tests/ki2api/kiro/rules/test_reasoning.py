"""Earlier thoughts go back to the model that signed them, one to a turn."""

from collections.abc import Callable
from typing import Any

import pytest

from ki2api.conversation import Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart, Turn
from ki2api.kiro.compose import Learnt

Hear = Callable[..., Any]
ASK = Turn("user", (TextPart("go"),))
SIGNED = ThinkingPart("hm", "sig", at="thought")
BLOB = ThinkingPart(redacted="blob", at="blob")
CALL = ToolCallPart("1", "t", "{}")
RESULT = Turn("user", (ToolResultPart("1", (TextPart("18"),)),))


def said(*parts: Part) -> Turn:
    return Turn("assistant", parts)


def thought(text: str, signature: str) -> dict[str, Any]:
    return {"reasoningText": {"text": text, "signature": signature}}


def test_signed_thoughts_go_back_with_their_turn(hear: Hear) -> None:
    heard = hear(ASK, said(SIGNED, TextPart("x")), ASK)
    assert heard.turns[1] == {"content": "x", "reasoningContent": thought("hm", "sig")}
    assert heard.composed.proofs == ("sig",)
    assert heard.rules == []


def test_thoughts_without_words_keep_their_signature(hear: Hear) -> None:
    heard = hear(ASK, said(ThinkingPart("", "sig"), CALL), RESULT)
    assert heard.turns[1]["reasoningContent"] == thought("", "sig")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (ThinkingPart("hm", at="thought"), "without a signature"),
        (ThinkingPart("h\0m", "sig", at="thought"), "no model has written"),
        (ThinkingPart("hm", "\ud800", at="thought"), "no model has written"),
        (ThinkingPart("hm", "other", at="thought"), "not this model's"),
    ],
)
def test_thoughts_that_kiro_would_refuse_are_left_out(
    hear: Hear, part: ThinkingPart, told: str
) -> None:
    learnt = Learnt(replays=lambda proof: proof != "other")
    heard = hear(ASK, said(part, TextPart("x")), ASK, learnt=learnt)
    assert heard.turns[1] == {"content": "x"}
    assert heard.composed.proofs == ()
    (repair,) = heard.composed.repairs
    assert repair.at == "thought"
    assert told in repair.text


def test_a_user_has_no_thoughts(hear: Hear) -> None:
    heard = hear(Turn("user", (SIGNED, TextPart("go"))))
    assert heard.turns == [{"content": "go", "modelId": "claude-sonnet-4.5", "origin": "AI_EDITOR"}]
    assert heard.rules == ["§3.6"]


def test_the_last_of_several_thoughts_stands_for_all(hear: Hear) -> None:
    last = ThinkingPart("so", "sig-2")
    heard = hear(ASK, said(SIGNED), said(TextPart("x"), last, CALL), RESULT)
    assert heard.turns[1]["reasoningContent"] == thought("so", "sig-2")
    assert ("§3.6", "thought") in {(each.rule, each.at) for each in heard.composed.repairs}


def test_opaque_thoughts_go_back_in_the_running_round_only(hear: Hear) -> None:
    other = ThinkingPart(redacted="blob-2")
    again, answered = ToolCallPart("2", "t", "{}"), ToolResultPart("2", (TextPart("y"),))
    steered = Turn("user", (answered, TextPart("and mind the gap")))
    heard = hear(ASK, said(BLOB, CALL), RESULT, said(other, again), steered)
    assert heard.turns[1]["reasoningContent"] == {"redactedContent": "blob"}
    assert heard.turns[3]["reasoningContent"] == {"redactedContent": "blob-2"}
    assert heard.composed.proofs == ("blob", "blob-2")
    heard = hear(ASK, said(SIGNED, BLOB, CALL), RESULT, said(TextPart("x")), ASK)
    assert heard.turns[1]["reasoningContent"] == thought("hm", "sig")
    assert [each.at for each in heard.composed.repairs if each.rule == "§3.6"] == ["blob"]


def test_a_turn_of_nothing_but_thoughts_still_needs_words(hear: Hear) -> None:
    heard = hear(ASK, said(SIGNED), ASK)
    assert heard.turns[1]["content"]
    assert heard.turns[1]["reasoningContent"] == thought("hm", "sig")
    assert heard.rules == ["H6"]
