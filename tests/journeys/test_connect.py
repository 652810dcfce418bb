"""The programs that `ki2api connect` prints for the official SDKs run as they stand."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

JS = Path(__file__).parent / "js" / "package.json"


def program(gateway: Any, client: str, *options: str) -> str:
    """Return what stands between the sentence that introduces it and the note."""
    printed = subprocess.run(
        [sys.executable, "-m", "ki2api", "connect", client, "--url", gateway.url, *options],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return printed.partition(":\n\n")[2].rpartition("\n\n")[0]


@pytest.mark.parametrize("client", ["openai-python", "anthropic-python"])
def test_python(house: Any, client: str) -> None:
    gateway, _ = house
    text = program(gateway, client)
    ran = subprocess.run(
        [sys.executable, "-c", text], check=True, capture_output=True, text=True, timeout=60
    )
    assert "Hello!" in ran.stdout


@pytest.mark.parametrize("client", ["openai-js", "anthropic-js"])
def test_javascript(
    house: Any, client: str, npm: Callable[[Path], Path], node: Path, tmp_path: Path
) -> None:
    gateway, _ = house
    (tmp_path / "node_modules").symlink_to(npm(JS) / "node_modules")
    (tmp_path / "hello.mjs").write_text(program(gateway, client))
    ran = subprocess.run(
        [node, tmp_path / "hello.mjs"], check=True, capture_output=True, text=True, timeout=60
    )
    assert "Hello!" in ran.stdout
