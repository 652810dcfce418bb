"""The guide keeps its word: each of its files loads and does what the text says."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline import Catalog, Flow, Slot, Stage, assemble, config_type
from pipeline.testing import SpyEndpoint, batches, build_flow, run_stage

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
README = (ROOT / "pipeline" / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(?:python|toml)\n# (\S+)\n(.*?)```", README, re.DOTALL)
STAGES = [(name, text) for name, text in BLOCKS if "test_" not in name and name.endswith(".py")]
CATALOG = Catalog({})


class TextFlow(Flow):
    request: Slot[str] = Slot()
    response: Slot[str] = Slot()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files of the guide, each in its last version."""
    (tmp_path / "stages").mkdir()
    for name, text in BLOCKS:
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o644)
    return tmp_path


def made(folder: Path, name: str) -> Stage[Any, Any]:
    stage = CATALOG.find(f"stages/{name}.py", folder)
    return stage(config_type(stage)())


def test_every_code_block_of_the_guide_is_a_file_with_a_name() -> None:
    assert len(BLOCKS) == len(re.findall(r"^```(?:python|toml)$", README, re.MULTILINE)) == 9


@pytest.mark.parametrize(("name", "text"), STAGES)
async def test_every_stage_of_the_guide_lets_a_flow_pass(
    name: str, text: str, tmp_path: Path
) -> None:
    path = tmp_path / "stage.py"
    path.write_text(text)
    path.chmod(0o644)
    stage = CATALOG.find("stage.py", tmp_path)
    flow = build_flow(TextFlow, request="a question")
    endpoint = SpyEndpoint({"events": batches(("an event",)), "response": ""})
    await run_stage(stage(config_type(stage)()), flow, endpoint)
    assert endpoint.flows == [flow]


def test_the_test_of_the_guide_passes(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", "."]
    environ = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(
        command, cwd=folder / "stages", env=environ, capture_output=True, text=True, check=False
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_settings_of_the_guide_assemble(folder: Path) -> None:
    text = (folder / "config.toml").read_text()
    assembly = assemble(
        tomllib.loads(text)["pipeline"],
        catalog=Catalog({"auth": type("Auth", (Stage,), {})}),
        endpoint=SpyEndpoint({"response": ""}),
        flow_type=TextFlow,
        services={},
        defaults=["auth"],
        folder=folder,
        text=text,
    )
    name, stage = assembly.chain.stages[1]
    assert name == "./stages/timing.py"
    assert stage.config.slower_than == 2.5


async def test_the_hooks_of_the_guide_drop_events_and_replace_errors(folder: Path) -> None:
    flow = build_flow(TextFlow, request="q")
    events = batches(("fine", "a secret"), ("secret",))
    await run_stage(made(folder, "hush"), flow, SpyEndpoint({"events": events}))
    assert [batch async for batch in flow.events] == [("fine",)]
    assert [note.text for note in flow.notes] == ["asked q", "answered"]
    with pytest.raises(RuntimeError, match="sorry: down"):
        await run_stage(made(folder, "hush"), flow, SpyEndpoint(fails=[OSError("down")]))


async def test_the_canned_answer_of_the_guide_does_not_call_on(folder: Path) -> None:
    flow, endpoint = build_flow(TextFlow, request="hello"), SpyEndpoint()
    await run_stage(made(folder, "canned"), flow, endpoint)
    assert [batch async for batch in flow.events] == [("hello", "there")]
    assert endpoint.flows == []


async def test_the_stream_of_the_guide_is_changed_and_ends_early(folder: Path) -> None:
    endpoint = SpyEndpoint({"events": batches(("a", "b"), ("c",), ("d",))})
    flow = await run_stage(made(folder, "louder"), TextFlow(), endpoint)
    assert [batch async for batch in flow.events] == [("A", "B"), ("C",)]


async def test_what_the_guide_holds_is_closed_with_the_flow_or_after_an_error(folder: Path) -> None:
    flow = await run_stage(made(folder, "held"), TextFlow())
    assert [note.text for note in flow.notes] == ["opened"]
    await flow.aclose()
    assert [note.text for note in flow.notes] == ["opened", "closed"]
