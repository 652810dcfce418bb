"""Flat names of tools."""

from ki2api.protocols.openai_responses.names import Called, FlatNames


def test_a_tool_without_a_namespace_keeps_its_name() -> None:
    names = FlatNames()
    assert names.declare(Called("ls")) == "ls"
    assert names.called("ls") == Called("ls")


def test_a_namespace_stands_before_the_name_and_comes_back() -> None:
    names = FlatNames()
    tool = Called("spawn", "agents")
    assert names.declare(tool) == "agents__spawn"
    assert names.called("agents__spawn") == tool


def test_a_namespace_that_ends_in_underscores_gets_no_more() -> None:
    assert FlatNames().declare(Called("get", "mcp__docs__")) == "mcp__docs__get"


def test_the_namespace_of_plain_functions_is_left_out_and_comes_back() -> None:
    names = FlatNames()
    tool = Called("exec", "functions", custom=True)
    assert names.declare(tool) == "exec"
    assert names.called("exec") == tool


def test_names_that_would_be_alike_are_told_apart() -> None:
    names = FlatNames()
    tools = [Called("b", "a"), Called("a__b"), Called("a__b", "functions")]
    flat = [names.declare(tool) for tool in tools]
    assert flat == ["a__b", "a__b_2", "a__b_3"]
    assert [names.called(name) for name in flat] == tools
    assert [names.flat(tool.namespace, tool.name) for tool in tools] == flat


def test_the_same_tool_twice_has_one_name() -> None:
    names = FlatNames()
    assert [names.declare(Called("ls")), names.declare(Called("ls"))] == ["ls", "ls"]


def test_what_was_never_declared_has_a_name_too() -> None:
    names = FlatNames()
    assert names.flat("agents", "spawn") == "agents__spawn"
    assert names.called("invented") == Called("invented")
