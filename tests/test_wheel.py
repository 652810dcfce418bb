"""The wheel: what it holds, and that it alone is enough."""

import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_the_two_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ki2api", "pipeline"}
    assert not [name for name in names if name.endswith(".pth")]
    for needed in ("ki2api/py.typed", "pipeline/py.typed", "pipeline/README.md"):
        assert needed in names


def test_in_an_empty_environment_it_gives_a_working_demo(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    bin_ = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run(
        [bin_ / "python", "-m", "pip", "install", "-q", wheel], check=True, capture_output=True
    )
    demo = subprocess.Popen(
        [bin_ / "ki2api", "demo", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert demo.stdout is not None
    with demo.stdout:
        lines = (re.search(r"Anthropic base URL\s+(\S+)", line) for line in demo.stdout)
        url = next(found[1] for found in lines if found)
        assert httpx.get(f"{url}/health", trust_env=False).json()["status"] == "ok"
        demo.terminate()
        demo.stdout.read()
    assert demo.wait(30) == 0
