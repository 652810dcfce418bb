import re

import pytest

from ki2api.kiro.names import MAX_NAME, ToolNames, rule_of


@pytest.mark.parametrize("name", ["get", "Get_Weather", "mcp__server-x__do-it", "x" * 64])
def test_a_name_that_fits_stays(name: str) -> None:
    names = ToolNames()
    assert names.declare(name) == name
    assert names.kiro(name) == names.client(name) == name


@pytest.mark.parametrize(
    ("name", "fitted"),
    [
        ("a.b c", "a_b_c"),
        ("9lives", "tool_9lives"),
        ("_x", "tool__x"),
        ("", "tool_"),
        ("查天气", "tool____"),
        ("web_search", "client_web_search"),
        ("WebSearch", "client_WebSearch"),
    ],
)
def test_a_name_that_does_not_fit_is_put_otherwise_and_back(name: str, fitted: str) -> None:
    names = ToolNames()
    assert names.declare(name) == fitted
    assert names.client(fitted) == name
    assert names.client(fitted.upper()) == name


def test_long_names_are_told_apart() -> None:
    names = ToolNames()
    first, second = "n" * 70, "n" * 70 + "m"
    fitted = [names.declare(first), names.declare(second)]
    assert all(re.fullmatch(r"n{50}_[0-9a-f]{13}", name) for name in fitted)
    assert len(set(fitted)) == 2
    assert [names.client(name) for name in fitted] == [first, second]
    assert ToolNames().declare(second) == fitted[1]


@pytest.mark.parametrize("name", ["get", "x" * 64, "天", "\ud800"])
def test_names_stay_unique_however_often_they_come(name: str) -> None:
    names = ToolNames()
    fitted = [names.declare(each) for each in (name, name.upper(), name, name)]
    assert len({each.casefold() for each in fitted}) == 4
    assert all(len(each) <= MAX_NAME for each in fitted)


def test_the_exact_name_wins_over_one_in_another_case() -> None:
    names = ToolNames()
    names.declare("Read")
    other = names.declare("read")
    assert names.kiro("Read") == "Read"
    assert names.kiro("read") == other
    assert names.kiro("READ") == "Read"


def test_unknown_names_are_left_alone() -> None:
    assert ToolNames().client("Other") == "Other"
    assert ToolNames().kiro("Other") is None


@pytest.mark.parametrize(
    ("name", "rule"),
    [("a b", "T2"), ("x" * 65, "T1"), ("Web_Search", "T15"), ("get", "T3")],
)
def test_the_rule_behind_a_change_is_told(name: str, rule: str) -> None:
    assert rule_of(name) == rule
