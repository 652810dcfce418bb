"""What a command imports, which is what its start costs."""

import subprocess
import sys

import pytest

from ki2api.cli import cli
from ki2api.cli.later import SELDOM

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


USES = {
    "yaml": "yaml.safe_load('a: 1') == {'a': 1}",
    "pdb": "pdb.Pdb",
    "idna": "idna.encode('bücher.example') == b'xn--bcher-kva.example'",
    "csv": "[*csv.reader(['a,b'])] == [['a', 'b']]",
    "bz2": "bz2.decompress(bz2.compress(b'a')) == b'a'",
    "lzma": "lzma.decompress(lzma.compress(b'a')) == b'a'",
    "logging.config": "logging.config.dictConfig({'version': 1}) is None",
    "multiprocessing.connection": "len(multiprocessing.Pipe()) == 2",
}


@pytest.mark.parametrize("name", SELDOM)
def test_what_a_server_seldom_uses_is_read_when_it_is_used(name: str) -> None:
    script = (
        "import sys\n"
        "from ki2api.cli.later import defer\n"
        "defer()\n"
        f"stand_in = sys.modules['{name}']\n"
        "import litestar, httpx, uvicorn\n"
        f"import {name}\n"
        f"assert sys.modules['{name}'] is stand_in, 'it was read'\n"
        f"assert {USES[name]}\n"
        f"assert sys.modules['{name}'] is not stand_in\n"
        f"assert {USES[name]}\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_what_is_not_installed_stays_missing() -> None:
    script = (
        "import sys, ki2api.cli.later as later\n"
        "later.SELDOM = ('nothing_of_this_name',)\n"
        "later.defer()\n"
        "assert 'nothing_of_this_name' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
