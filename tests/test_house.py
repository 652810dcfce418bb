"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from ki2api.app import BUILT_IN

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "ki2api").rglob("*.py"), *(ROOT / "pipeline").rglob("*.py")])
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
UNWANTED = {"utils", "util", "common", "helper", "helpers", "manager", "misc"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_is_small_and_opens_with_its_purpose(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    assert path.stem not in UNWANTED
    assert ast.get_docstring(ast.parse(text)), "no module docstring"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_function_can_be_seen_at_once(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, node.name


def test_every_stage_is_in_the_readme_and_the_example() -> None:
    readme, example = (ROOT / "README.md").read_text(), (ROOT / "config.example.toml").read_text()
    for stage in BUILT_IN:
        assert stage in readme
        assert f'stage = "{stage}"' in example


def test_the_readme_can_be_read_at_a_sitting() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 250


def test_no_file_names_a_package_registry_or_a_path_of_this_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - git, wherever it is
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    hosts = re.compile(r"(pypi\.(python\.)?org|pythonhosted|npmjs|yarnpkg|index-url|find-links)\b")
    for path in filter(None, tracked.split("\0")):
        if path == name(Path(__file__)):
            continue
        text = (ROOT / path).read_text(errors="ignore") if (ROOT / path).exists() else ""
        assert not hosts.search(text), path
        assert str(ROOT) not in text, path
