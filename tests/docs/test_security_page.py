"""What docs/security.md names is there: every test, every file, and every module that is run."""

import ast
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split(" | "))
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| Rule |", "| What |"))
]
RULES = [row for row in ROWS if len(row) == 3]
FIGURES = [row for row in ROWS if len(row) == 4]
CODE = re.compile(r"`([^`]+)`")
TESTS = sorted({test for row in RULES for test in CODE.findall(row[2])})
MODULES = sorted(set(re.findall(r"python -m ([\w.]+)", PAGE)))


@pytest.mark.parametrize("test", TESTS)
def test_every_test_that_it_names_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    assert path.startswith("tests/")
    functions = {
        node.name
        for node in ast.parse((ROOT / path).read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert name in functions if name else any(each.startswith("test_") for each in functions)


def test_every_row_is_whole() -> None:
    assert len(RULES) + len(FIGURES) == len(ROWS)
    assert RULES
    assert FIGURES


@pytest.mark.parametrize("row", RULES, ids=[row[0][:60] for row in RULES])
def test_every_rule_has_its_place_and_its_test(row: tuple[str, str, str]) -> None:
    _, where, tests = row
    places = CODE.findall(where)
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []
    assert CODE.findall(tests)


@pytest.mark.parametrize("row", FIGURES, ids=[row[0][:60] for row in FIGURES])
def test_every_figure_has_its_command_and_its_day(row: tuple[str, str, str, str]) -> None:
    _, figure, commands, when = row
    assert re.search(r"\d", figure)
    assert re.match(r"\d{4}-\d\d-\d\d, .*cores", when), when
    assert CODE.findall(commands)
    for command in CODE.findall(commands):
        program = next(word for word in shlex.split(command) if "=" not in word)
        assert program in {".venv/bin/pytest", ".venv/bin/python", ".ci/run"}, command


def test_every_module_that_it_runs_is_there() -> None:
    for module in MODULES:
        at = ROOT.joinpath(*module.split("."))
        assert at.with_suffix(".py").exists() or (at / "__main__.py").exists(), module
