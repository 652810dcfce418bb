"""Every rule of the turns refuses the request that breaks it, and only that."""

from collections.abc import Callable
from typing import Any

import pytest

from ki2api.simulator.rules import violations

Body = dict[str, Any]


def _state(body: Body) -> Body:
    state: Body = body["conversationState"]
    return state


def _current(body: Body) -> Body:
    message: Body = _state(body)["currentMessage"]["userInputMessage"]
    return message


def _context(body: Body) -> Body:
    context: Body = _current(body)["userInputMessageContext"]
    return context


def _assistant(body: Body) -> Body:
    message: Body = _state(body)["history"][1]["assistantResponseMessage"]
    return message


def _user(text: str) -> Body:
    return {"userInputMessage": {"content": text}}


def _said(text: str) -> Body:
    return {"assistantResponseMessage": {"content": text}}


def _rules(body: Body) -> set[str]:
    return {violation.rule for violation in violations(body)}


def _use(id_: str, name: str = "get_weather") -> Body:
    return {"toolUseId": id_, "name": name, "input": {}}


def _result(id_: str) -> Body:
    return {"toolUseId": id_, "content": [{"text": "fine"}]}


def test_the_minimal_request_is_accepted(minimal: Body) -> None:
    assert violations(minimal) == []


def test_the_tool_round_trip_is_accepted(round_trip: Body) -> None:
    assert violations(round_trip) == []


def _h1(body: Body) -> None:
    _state(body)["currentMessage"] = _said("I go on")


def _h2(body: Body) -> None:
    _state(body)["history"] = [_said("Hello")]


def _h3(body: Body) -> None:
    _state(body)["history"] = [_user("a"), _said("b"), _user("c")]


def _h4_user(body: Body) -> None:
    _state(body)["history"] = [_user("a"), _user("b"), _said("c")]


def _h4_assistant(body: Body) -> None:
    _state(body)["history"] = [_user("a"), _said("b"), _said("c")]


def _h5(body: Body) -> None:
    _current(body)["content"] = ""


def _h5_in_history(body: Body) -> None:
    _state(body)["history"] = [_user(""), _said("b")]


def _h6(body: Body) -> None:
    _state(body)["history"] = [_user("a"), _said("")]


def _h14_images(body: Body) -> None:
    _current(body)["images"] = []


def _h14_tools(body: Body) -> None:
    _current(body)["userInputMessageContext"] = {"tools": []}


def _h14_results(body: Body) -> None:
    _current(body)["userInputMessageContext"] = {"toolResults": []}


def _h14_uses(body: Body) -> None:
    _state(body)["history"] = [
        _user("a"),
        {"assistantResponseMessage": {"content": "b", "toolUses": []}},
    ]


def _h20(body: Body) -> None:
    _state(body)["chatTriggerType"] = "AUTO"


@pytest.mark.parametrize(
    ("rule", "spoil"),
    [
        ("H1", _h1),
        ("H2", _h2),
        ("H3", _h3),
        ("H4", _h4_user),
        ("H4", _h4_assistant),
        ("H5", _h5),
        ("H5", _h5_in_history),
        ("H6", _h6),
        ("H14", _h14_images),
        ("H14", _h14_tools),
        ("H14", _h14_results),
        ("H14", _h14_uses),
        ("H20", _h20),
    ],
)
def test_a_rule_of_plain_turns_refuses(
    rule: str, spoil: Callable[[Body], None], minimal: Body
) -> None:
    spoil(minimal)
    assert _rules(minimal) == {rule}
    assert violations(minimal)[0].message == "Improperly formed request."


def _h7(body: Body) -> None:
    _assistant(body)["toolUses"].append(_use("tooluse_2"))


def _h7_by_words(body: Body) -> None:
    _current(body)["content"] = "never mind"
    del _context(body)["toolResults"]


def _h8(body: Body) -> None:
    _context(body)["toolResults"].append(_result("tooluse_2"))


def _h8_first_turn(body: Body) -> None:
    _state(body)["history"] = []


def _h9(body: Body) -> None:
    first = _state(body)["history"][0]["userInputMessage"]
    first["userInputMessageContext"] = {"toolResults": [_result("tooluse_0")]}


def _h10_uses(body: Body) -> None:
    _assistant(body)["toolUses"] *= 2


def _h10_results(body: Body) -> None:
    _context(body)["toolResults"] *= 2


def _h11(body: Body) -> None:
    _assistant(body)["toolUses"].append(_use("tooluse_2"))
    _context(body)["toolResults"].insert(0, _result("tooluse_2"))


def _h12(body: Body) -> None:
    _assistant(body)["toolUses"][0]["name"] = "get_time"


def _h13(body: Body) -> None:
    del _context(body)["tools"]


def _h15_text(body: Body) -> None:
    _assistant(body)["toolUses"][0]["input"] = '{"city": "Paris"}'


def _h15_empty_key(body: Body) -> None:
    _assistant(body)["toolUses"][0]["input"] = {"places": [{"": "Paris"}]}


def _h16_none(body: Body) -> None:
    _context(body)["toolResults"][0]["content"] = []


def _h16_empty(body: Body) -> None:
    _context(body)["toolResults"][0]["content"] = [{"text": ""}]


@pytest.mark.parametrize(
    ("rule", "reason", "spoil"),
    [
        ("H7", "TOOL_USE_RESULT_MISMATCH", _h7),
        ("H7", "TOOL_USE_RESULT_MISMATCH", _h7_by_words),
        ("H8", "TOOL_USE_RESULT_MISMATCH", _h8),
        ("H8", "TOOL_USE_RESULT_MISMATCH", _h8_first_turn),
        ("H9", "TOOL_USE_RESULT_MISMATCH", _h9),
        ("H10", None, _h10_uses),
        ("H10", None, _h10_results),
        ("H11", None, _h11),
        ("H12", "TOOL_CONFIG_MISSING", _h12),
        ("H13", "TOOL_CONFIG_MISSING", _h13),
        ("H15", "REQUEST_BODY_INVALID", _h15_text),
        ("H15", "REQUEST_BODY_INVALID", _h15_empty_key),
        ("H16", None, _h16_none),
        ("H16", None, _h16_empty),
    ],
)
def test_a_rule_of_tool_traffic_refuses(
    rule: str, reason: str | None, spoil: Callable[[Body], None], round_trip: Body
) -> None:
    spoil(round_trip)
    assert [(v.rule, v.reason) for v in violations(round_trip)] == [(rule, reason)]


def test_a_tool_is_declared_whatever_the_case_of_its_name(round_trip: Body) -> None:
    _assistant(round_trip)["toolUses"][0]["name"] = "Get_Weather"
    assert violations(round_trip) == []


def test_a_tool_result_may_be_json(round_trip: Body) -> None:
    _context(round_trip)["toolResults"][0]["content"] = [{"json": None}]
    assert violations(round_trip) == []


def test_a_missing_result_is_named(round_trip: Body) -> None:
    _h7(round_trip)
    assert "Expected toolResult blocks at messages.2.content" in violations(round_trip)[0].message
    assert "tooluse_2" in violations(round_trip)[0].message
