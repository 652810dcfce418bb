from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from ki2api.cli.explanation.changes import changes, looked
from ki2api.conversation import Conversation, Sampling, TextPart, Tool, Turn
from ki2api.flow import GatewayFlow
from ki2api.models import Catalogue
from ki2api.protocols import Delivery
from pipeline.testing import build_flow

ASKED = Conversation(
    "m",
    (Turn("user", (TextPart("Hello"),)),),
    tools=(Tool("get", "gets", msgspec.Raw(b"{}")),),
)


def said(before: Any, after: Any) -> list[str]:
    return list(changes({"conversation": before}, {"conversation": after}))


def test_a_look_sees_the_filled_slots_in_order() -> None:
    flow = build_flow(GatewayFlow, delivery=Delivery("id", "m", 0), conversation=ASKED)
    assert looked(flow) == {"conversation": ASKED, "delivery": flow.delivery}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (ASKED, "fills slot: 1 turn, 1 tool"),
        (Delivery("id", "m", 0, stream=True), "fills slot: streamed"),
        (Delivery("id", "m", 0), "fills slot: whole"),
        (Catalogue().find("auto"), "fills slot: auto"),
        (object(), "fills slot"),
    ],
)
def test_a_slot_that_was_filled_is_told_in_short(value: object, told: str) -> None:
    assert list(changes({}, {"slot": value})) == [told]
    assert list(changes({"slot": value}, {"slot": value})) == []
    assert list(changes({"slot": value}, {})) == ["empties slot"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"model": "n"}, ['conversation.model: "m" ▶ "n"']),
        ({"sampling": Sampling(max_tokens=5)}, ["conversation.sampling.max_tokens: nothing ▶ 5"]),
        ({"system": (TextPart("a"),)}, ["conversation.system: nothing ▶ 1 item"]),
        ({"tools": ASKED.tools * 2}, ["conversation.tools: 1 item ▶ 2 items"]),
        ({"model": ""}, ['conversation.model: "m" ▶ nothing']),
        ({"web_search": Sampling()}, ["conversation.web_search: nothing ▶ Sampling"]),
        (
            {"turns": (Turn("user", (TextPart("x" * 60),)),)},
            [f'conversation.turns[0].parts[0].text: "Hello" ▶ "{"x" * 47}…'],
        ),
        (
            {"tools": (Tool("get", "gets", msgspec.Raw(b"[]")),)},
            ["conversation.tools[0].schema: {} ▶ []"],
        ),
        ({}, []),
    ],
)
def test_a_change_is_told_by_its_place(changed: dict[str, Any], told: list[str]) -> None:
    assert said(ASKED, replace(ASKED, **changed)) == told


def test_many_changes_are_cut_short() -> None:
    one = replace(ASKED, turns=ASKED.turns * 20)
    other = replace(ASKED, turns=(Turn("assistant", ASKED.turns[0].parts),) * 20)
    told = said(one, other)
    assert len(told) == 13
    assert told[-1] == "and more"
