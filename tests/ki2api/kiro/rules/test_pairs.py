from collections.abc import Callable
from typing import Any

import pytest

from ki2api.conversation import Part, TextPart, ToolCallPart, ToolResultPart, Turn
from ki2api.kiro.rules.pairs import EARLIER, NOT_RUN

Hear = Callable[..., Any]
ASK = Turn("user", (TextPart("go"),))


def calls(*ids: str, name: str = "t") -> Turn:
    return Turn("assistant", tuple(ToolCallPart(each, name, "{}") for each in ids))


def result(call_id: str, text: str = "ok") -> ToolResultPart:
    return ToolResultPart(call_id, (TextPart(text),), at=f"result {call_id}")


def answer(*parts: Part) -> Turn:
    return Turn("user", parts, "answer")


def given(heard: Any) -> list[tuple[str, str]]:
    return [(each["toolUseId"], each["content"][0]["text"]) for each in heard.results]


def test_results_that_fit_stay_as_they_are(hear: Hear) -> None:
    heard = hear(ASK, calls("1", "2"), answer(result("1", "a"), result("2", "b"), TextPart("so?")))
    assert given(heard) == [("1", "a"), ("2", "b")]
    assert heard.turns[-1]["content"] == "so?"
    assert heard.rules == ["H12"]


def test_a_call_without_a_result_was_not_run(hear: Hear) -> None:
    heard = hear(ASK, calls("1", "2"), answer(result("2")))
    assert given(heard) == [("1", NOT_RUN), ("2", "ok")]
    assert [each["status"] for each in heard.results] == ["error", "success"]
    assert "H7" in heard.rules


def test_a_call_at_the_very_end_is_answered_too(hear: Hear) -> None:
    heard = hear(ASK, calls("1"))
    assert given(heard) == [("1", NOT_RUN)]
    assert heard.rules == ["H12", "H1", "H7"]


def test_a_result_of_another_turn_becomes_text(hear: Hear) -> None:
    late = answer(result("1", "late"), TextPart("and?"))
    heard = hear(ASK, calls("1"), answer(result("1")), Turn("assistant", (TextPart("x"),)), late)
    assert heard.results == []
    assert heard.turns[-1]["content"] == f"{EARLIER}\nlate\n\nand?"
    assert ("H8", "result 1") in {(each.rule, each.at) for each in heard.composed.repairs}


def test_a_result_in_the_first_turn_becomes_text(hear: Hear) -> None:
    heard = hear(answer(result("1", "old")))
    assert heard.turns[-1]["content"] == f"{EARLIER}\nold"
    assert heard.rules == ["H9"]


def test_the_same_call_twice_is_sent_once(hear: Hear) -> None:
    heard = hear(ASK, calls("1", "1"), answer(result("1", "a"), result("1", "b")))
    assert [use["toolUseId"] for use in heard.turns[1]["toolUses"]] == ["1"]
    assert given(heard) == [("1", "b")]
    assert heard.rules == ["H12", "H10", "H10"]


def test_different_calls_under_one_id_are_told_apart(hear: Hear) -> None:
    both = (ToolCallPart("1", "t", '{"a":1}'), ToolCallPart("1", "t", '{"a":2}'))
    heard = hear(ASK, Turn("assistant", both), answer(result("1", "a"), result("1", "b")))
    first, second = (use["toolUseId"] for use in heard.turns[1]["toolUses"])
    assert first == "1"
    assert second.startswith("call_")
    assert given(heard) == [("1", "a"), (second, "b")]


def test_an_id_that_comes_back_in_a_later_turn_is_renamed_with_its_result(hear: Hear) -> None:
    heard = hear(ASK, calls("1"), answer(result("1")), calls("1"), answer(result("1", "new")))
    (use,) = heard.turns[3]["toolUses"]
    assert use["toolUseId"] != "1"
    assert given(heard) == [(use["toolUseId"], "new")]


@pytest.mark.parametrize("strange", ["", "x" * 65, "a b", "\ud800", "é"])
def test_an_id_that_does_not_fit_is_renamed_with_its_result(hear: Hear, strange: str) -> None:
    heard = hear(ASK, calls(strange), answer(result(strange)))
    ((renamed, text),) = given(heard)
    assert text == "ok"
    assert renamed.startswith("call_")
    assert heard.turns[1]["toolUses"][0]["toolUseId"] == renamed


def test_results_are_put_in_the_order_of_the_calls(hear: Hear) -> None:
    heard = hear(ASK, calls("1", "2"), answer(result("2", "b"), result("1", "a")))
    assert given(heard) == [("1", "a"), ("2", "b")]
    assert ("H11", "answer") in {(each.rule, each.at) for each in heard.composed.repairs}


def test_calls_and_results_of_any_role_are_put_where_they_belong(hear: Hear) -> None:
    mixed = Turn(
        "assistant", (TextPart("x"), ToolCallPart("1", "t", ""), result("1"), TextPart("y"))
    )
    heard = hear(ASK, mixed, Turn("user", (TextPart("z"),)))
    assert [turn["content"] for turn in heard.turns] == ["go", "x", "", "y", "z"]
    assert heard.turns[2]["userInputMessageContext"]["toolResults"][0]["toolUseId"] == "1"
