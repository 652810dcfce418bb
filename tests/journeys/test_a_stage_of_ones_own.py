"""A stage in a plain .py file beside config.toml, in both forms, in the running server."""

import re
from pathlib import Path
from typing import Any

import msgspec

from ki2api.simulator import Simulator

ROOT = Path(__file__).parents[2]
ASK = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Say simulator"}]}

LOUD = '''
"""Answers louder than the model did."""

from msgspec.structs import replace

from ki2api.events import PartDelta
from ki2api.flow import GatewayFlow
from pipeline import Next, Stage, StageConfig


class LoudConfig(StageConfig, frozen=True):
    """How loud."""

    mark: str = "!"


class Loud(Stage[GatewayFlow, LoudConfig]):
    """Puts everything in capitals."""

    name = "loud"
    awaits = frozenset({"events"})

    async def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> None:
        await call_next(flow)
        flow.through(lambda batch: tuple(self.louder(event) for event in batch))

    def louder(self, event):
        if isinstance(event, PartDelta):
            return replace(event, text=event.text.upper() + self.config.mark)
        return event
'''


def readme_example(language: str, begins: str) -> str:
    """Return a block that the README shows."""
    text = (ROOT / "README.md").read_text()
    found = re.search(rf"```{language}\n({re.escape(begins)}.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def words(gateway: Any) -> list[str]:
    """Ask for the answer whole and streamed."""
    with gateway.http() as http:
        whole = http.post("/v1/chat/completions", json=ASK).json()
        streamed = http.post("/v1/chat/completions", json={**ASK, "stream": True}).text
    pieces = [
        msgspec.json.decode(line.removeprefix("data: "))["choices"]
        for line in streamed.splitlines()
        if line.startswith("data: {")
    ]
    deltas = [choices[0]["delta"].get("content") or "" for choices in pieces if choices]
    return [whole["choices"][0]["message"]["content"], "".join(deltas)]


def test_a_class_with_settings(simulator: Simulator, start: Any, tmp_path: Path) -> None:
    simulator.add_account("only")
    (tmp_path / "loud.py").write_text(LOUD)
    table = '[[pipeline]]\nstage = "./loud.py"\nafter = "normalize"\nmark = "?"\n'
    for text in words(start(simulator, rest=table)):
        assert text == text.upper()
        assert text.endswith("?")


def test_the_hook_functions_of_the_readme(simulator: Simulator, start: Any, tmp_path: Path) -> None:
    simulator.add_account("only")
    (tmp_path / "brief.py").write_text(readme_example("python", '"""brief.py'))
    table = readme_example("toml", '[[pipeline]]\nstage = "./brief.py"')
    assert all(words(start(simulator, rest=table)))
    for request in simulator.requests:
        sent = request.parsed()["conversationState"]["currentMessage"]["userInputMessage"]
        assert sent["content"] == "Answer in one sentence.\n\nSay simulator"


def test_a_fault_in_it_names_file_and_line_and_the_exit_status_is_2(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
    gateway = start(simulator, rest='[[pipeline]]\nstage = "./broken.py"\nafter = "normalize"\n')
    assert gateway.process.wait(30) == 2
    gateway.wait_for(r"config\.toml:\d+: .*")
    gateway.wait_for("broken.py")
    assert "Traceback" not in gateway.text


def test_a_misspelt_stage_and_setting_are_told_together(simulator: Simulator, start: Any) -> None:
    rest = (
        '[[pipeline]]\nstage = "rout"\nafter = "normalize"\n'
        '[[pipeline]]\nstage = "retry"\natempts = 1\n'
    )
    gateway = start(simulator, rest=rest)
    assert gateway.process.wait(30) == 2
    gateway.wait_for('did you mean "?route')
    gateway.wait_for('did you mean "?attempts')
