"""Everything that the READMEs show is run as it stands there, at a gateway that answers."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
READMES = (ROOT / "README.md", ROOT / "docs" / "README.zh-CN.md")
ADDRESS = re.compile(r"(127\.0\.0\.1|localhost):8989")


def blocks(language: str) -> list[str]:
    """Return the different blocks of a language in both READMEs."""
    found = [
        block
        for path in READMES
        for block in re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)
    ]
    return list(dict.fromkeys(found))


def commands(word: str) -> list[str]:
    """Return the shell commands that begin with a word, each with its continued lines."""
    joined = (block.replace("\\\n", " ") for block in blocks("sh"))
    return [
        command
        for block in joined
        for command in re.findall(rf"^{word} .*?(?=^\S|\Z)", block, re.DOTALL | re.MULTILINE)
    ]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("line", commands("curl"))
def test_each_curl_line_is_answered(house: Any, line: str) -> None:
    gateway, _ = house
    address = gateway.url.removeprefix("http://")
    words = shlex.split(ADDRESS.sub(address, line))
    done = subprocess.run([*words, "-sN", "--fail-with-body"], check=True, capture_output=True)
    if b'"stream": true' in line.encode():
        assert done.stdout.endswith(b"data: [DONE]\n\n")
    else:
        assert msgspec.json.decode(done.stdout)


def sdk_snippets() -> list[str]:
    return [block for block in blocks("python") if "8989" in block]


@pytest.mark.parametrize("snippet", sdk_snippets())
def test_each_sdk_snippet_prints_an_answer(house: Any, snippet: str) -> None:
    gateway, _ = house
    code = ADDRESS.sub(gateway.url.removeprefix("http://"), snippet)
    environ = {**os.environ, "NO_PROXY": "*", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environ
    )
    assert "simulator" in done.stdout


def test_there_are_snippets_to_run() -> None:
    assert len(commands("curl")) >= 8
    assert len(sdk_snippets()) == 2


def test_the_two_set_up_lines_are_those_of_the_checks() -> None:
    lines = "".join(blocks("sh"))
    test = "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/pytest"
    assert "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/ki2api demo" in lines
    assert test in lines
    assert test in (ROOT / ".ci" / "run").read_text().replace(" -q -e", " -e")
