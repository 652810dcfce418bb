"""The wheel: what it holds, and that it alone is enough."""

import re
import shutil
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
    # A copy, for setuptools takes along what an earlier build left behind.
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("ki2api", "pipeline"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(source)],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_each_file_of_the_two_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in ("ki2api", "pipeline")
        for path in (ROOT / package).rglob("*")
        if path.suffix == ".py"
    }
    data = {"ki2api/py.typed", "pipeline/py.typed", "pipeline/README.md"}
    assert {name for name in names if ".dist-info/" not in name} == sources | data
    about = {name.partition(".dist-info/")[2] for name in names} - {""}
    assert about == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
        "top_level.txt",
    }
    assert len(names) == len(set(names))


def test_in_an_empty_environment_it_gives_a_working_demo(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv")  # our own pip fills it: to put another one in takes seconds
    bin_ = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(bin_ / "python")]
    subprocess.run([*pip, "install", "-q", wheel], check=True, capture_output=True)
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
