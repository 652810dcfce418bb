"""Fields without effect, refused fields and sessions."""

from collections.abc import Callable

import msgspec
import pytest

from ki2api.errors import InvalidRequest
from ki2api.protocols import RawRequest
from ki2api.protocols.fields import SESSION_HEADERS, Refused, asked_for, refuse_any, session_of

Ask = Callable[..., RawRequest]


class Fields(msgspec.Struct):
    seed: int | None = None
    penalty: float | None = None
    store: bool | None = None


NEUTRAL = {"seed": None, "penalty": 0, "store": False}


@pytest.mark.parametrize("header", SESSION_HEADERS)
def test_a_session_is_found_in_each_clients_header(ask: Ask, header: str) -> None:
    assert session_of(ask({}, **{header: "s1"})) == "s1"


def test_an_empty_session_header_is_none_at_all(ask: Ask) -> None:
    assert session_of(ask({}, x_claude_code_session_id="", session_id="s2")) == "s2"


def test_no_header_names_no_session(ask: Ask) -> None:
    assert session_of(ask({})) is None


def test_a_field_that_says_nothing_new_is_not_asked_for() -> None:
    assert asked_for(Fields(penalty=0, store=False), NEUTRAL) == []


def test_a_field_that_asks_for_something_is_named() -> None:
    assert asked_for(Fields(seed=0, penalty=0.5, store=True), NEUTRAL) == [
        "seed",
        "penalty",
        "store",
    ]


def test_a_refused_field_is_told_by_its_name() -> None:
    refused = {"seed": Refused("no seeds"), "store": Refused("no store", neutral=False)}
    refuse_any(Fields(penalty=1, store=False), refused)
    with pytest.raises(InvalidRequest) as found:
        refuse_any(Fields(store=True), refused)
    assert found.value.message == "store: no store"
