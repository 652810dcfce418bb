"""What a command imports, which is what its start costs."""

import subprocess
import sys

import pytest

from ki2api.cli import cli

HEAVY = {"anyio", "asyncio", "httpx", "litestar", "loguru", "msgspec", "rich", "uvicorn", "uvloop"}


def imported(*arguments: str) -> set[str]:
    """Run a command and return the packages that it brought in."""
    script = (
        "import sys\n"
        "from ki2api.__main__ import main\n"
        "try:\n    main()\n"
        "finally:\n    sys.stderr.write(' '.join(sys.modules))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in run.stderr.split()}


def test_the_version_is_told_without_anything_heavy() -> None:
    assert not imported("--version") & HEAVY


def test_what_needs_no_gateway_brings_no_web_server() -> None:
    assert not imported("completion", "bash") & {"litestar", "uvicorn", "uvloop"}


@pytest.mark.parametrize("name", cli.commands)
def test_a_command_is_found_by_its_name(name: str) -> None:
    assert cli.commands[name].name == name


def test_no_other_file_is_taken_for_a_command() -> None:
    assert "logs" not in cli.commands
