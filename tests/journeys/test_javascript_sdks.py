"""The official SDKs for JavaScript, run by Node, against the real server and the simulator."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

JS = Path(__file__).parent / "js"


def test_each_feature_is_shown(
    simulator: Any,
    start: Any,
    npm: Callable[[Path], Path],
    node: Path,
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    simulator.add_account("first")
    simulator.add_account("second")
    (tmp_path / "node_modules").symlink_to(npm(JS / "package.json") / "node_modules")
    for module in JS.glob("*.mjs"):
        shutil.copyfile(module, tmp_path / module.name)
    gateway = start(simulator, server="max-body-mib = 1")

    ran = subprocess.run(
        [node, tmp_path / "run.mjs"],
        env={"GATEWAY": gateway.url, "KEY": "ki2api-key-2024"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    for line in ran.stdout.splitlines():
        cell = msgspec.json.decode(line)
        with subtests.test(client=cell["client"], feature=cell["feature"]):
            assert cell["error"] is None, cell["error"]
