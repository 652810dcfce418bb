"""What holds for every example: it is small, its TOML works, and answers pass it unharmed."""

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from ki2api.errors import UpstreamDisconnected, UpstreamUnavailable

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
PUBLIC = {"pipeline", "ki2api.conversation", "ki2api.errors", "ki2api.events", "ki2api.flow"}
LONGEST = 100
both_forms = pytest.mark.parametrize("form", ["whole", "streamed"])
every_example = pytest.mark.parametrize("name", NAMES)


def imported(name: str) -> set[str]:
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text())
    froms = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    plain = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return froms | plain


def inside_retry(table: str) -> str:
    return re.sub(r'^(after|before) = "[a-z-]+"', 'after = "retry"', table, flags=re.MULTILINE)


def test_there_are_ten_and_the_list_names_each() -> None:
    listed = re.findall(
        r"^\| \[(\w+)\.py\]\(\1\.py\) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE
    )
    assert len(NAMES) == 10
    assert sorted(listed) == NAMES


@every_example
def test_it_can_be_read_at_once(name: str) -> None:
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) <= LONGEST


@every_example
def test_it_imports_only_what_is_there_for_stages(name: str) -> None:
    foreign = {
        module
        for module in imported(name) - PUBLIC
        if module.partition(".")[0] not in {*sys.stdlib_module_names, "msgspec"}
    }
    assert not foreign


@every_example
async def test_its_table_fits_the_default_chain(name: str, serve: Any, table: Any) -> None:
    served = serve(table(name))
    assert f"./{name}.py" in [stage for stage, _ in served.chain.stages]
    assert served.warnings == []


async def test_all_ten_work_together(serve: Any, table: Any) -> None:
    served = serve(*map(table, NAMES))
    assert served.warnings == []
    await served.chain.start()
    for stream in False, True:
        await served.ask(stream=stream)
        assert served.words == "Hello there"
    await served.chain.stop()


@every_example
@both_forms
async def test_an_answer_passes(name: str, form: str, serve: Any, table: Any) -> None:
    served = serve(table(name))
    flow = await served.ask(stream=form == "streamed")
    assert served.words == "Hello there"
    assert served.reason == "stop"
    assert flow.failure is None
    assert flow.usage.output == 5
    assert served.kiro.closed == 1


@every_example
@both_forms
@pytest.mark.parametrize("place", [str, inside_retry])
async def test_every_attempt_asks_the_same(
    name: str,
    form: str,
    place: Any,
    serve: Any,
    table: Any,
) -> None:
    served = serve(
        place(table(name)), fails=[UpstreamUnavailable("down"), UpstreamUnavailable("down")]
    )
    flow = await served.ask(stream=form == "streamed")
    first, second, third = served.kiro.asked
    assert first == second == third
    assert served.words == "Hello there"
    assert len(flow.attempts) == 2


@every_example
async def test_when_the_client_leaves_nothing_stays_open(name: str, serve: Any, table: Any) -> None:
    served = serve(table(name))
    flow = await served.ask(stream=True, leave_after=2)
    assert flow.failure is None
    assert served.kiro.closed == 1
    assert served.kiro.said == 1


@every_example
async def test_an_error_passes(name: str, serve: Any, table: Any) -> None:
    broken = UpstreamDisconnected("gone")
    served = serve(table(name), says=("Hello",), breaks=broken)
    flow = await served.ask(stream=True)
    assert served.words == "Hello"
    assert flow.failure is broken
    refused = UpstreamUnavailable("down")
    served = serve(table(name), fails=[refused] * 3)
    assert (await served.ask()).failure is refused
