"""Where stages are found, and what is said when one is not there or does not load."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from traceback import extract_tb

import pytest

from pipeline import Catalog, CodeNotFound, Flow, Stage, StageConfig, config_type
from pipeline.hooks import HookStage

STAGE = """
from __future__ import annotations
from pipeline import Flow, Stage, StageConfig

class Config(StageConfig, frozen=True):
    words: list[str] = []

class Redact(Stage[Flow, Config]):
    name = "redact"
"""


class Retry(Stage[Flow, StageConfig]):
    name = "retry"


NOT_A_STAGE = 5
CATALOG = Catalog({"retry": Retry}, group="tests.stages")


def written(folder: Path, source: str, name: str = "own.py") -> Path:
    path = folder / name
    path.write_text(source)
    path.chmod(0o644)
    return path


def refusal(word: str, folder: Path = Path(), catalog: Catalog = CATALOG) -> CodeNotFound:
    before = set(sys.modules)
    with pytest.raises(CodeNotFound) as caught:
        catalog.find(word, folder)
    assert not [name for name in set(sys.modules) - before if name.startswith("own_")]
    return caught.value


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on the path: a package is installed there that offers two stages."""
    info = tmp_path / "offer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: offer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[tests.stages]\nredact = offered_stages:Redact\nretry = offered_stages:Redact\n"
        "broken = offered_stages:Gone\n"
    )
    (tmp_path / "offered_stages.py").write_text(STAGE)
    (tmp_path / "offered_broken.py").write_text("import offered_stages\n\nundefined()\n")
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    sys.modules.pop("offered_stages", None)


def test_a_built_in_stage_is_found_by_its_short_name() -> None:
    assert CATALOG.find("retry", Path()) is Retry


def test_a_stage_of_an_installed_package_is_found_by_its_short_name(installed: Path) -> None:
    assert CATALOG.find("redact", Path()).__name__ == "Redact"
    assert CATALOG.names() == ["retry", "redact", "broken"]


def test_a_built_in_stage_wins_over_one_of_a_package(installed: Path) -> None:
    assert CATALOG.find("retry", Path()) is Retry


def test_a_stage_is_found_by_package_and_class(installed: Path) -> None:
    assert CATALOG.find("offered_stages:Redact", Path()).__name__ == "Redact"


def test_an_unknown_short_name_brings_the_nearest_one() -> None:
    assert str(refusal("retri")) == 'there is no stage "retri" - did you mean "retry"?'
    assert str(refusal("xyz")) == 'there is no stage "xyz"; there are retry'


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("no_such_package:Redact", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("offered_stages:Gone", "AttributeError: module 'offered_stages' has no attribute 'Gone'"),
        ("offered_stages:Config", "Config of offered_stages is not a Stage class"),
        ("sys:path", "path of sys is not a Stage class"),
        ("broken", "AttributeError: module 'offered_stages' has no attribute 'Gone'"),
    ],
)
def test_a_class_that_is_not_there_is_refused(installed: Path, word: str, said: str) -> None:
    assert str(refusal(word)) == f'stage "{word}": {said}'


def test_a_package_that_does_not_load_is_blamed_by_file_and_line(installed: Path) -> None:
    error = refusal("offered_broken:Redact")
    place = installed / "offered_broken.py"
    assert str(error) == (
        f"stage \"offered_broken:Redact\": {place}:3: NameError: name 'undefined' is not defined"
    )
    assert error.__cause__ is not None
    assert [frame.filename for frame in extract_tb(error.__cause__.__traceback__)] == [str(place)]


def test_a_file_is_found_beside_the_settings(tmp_path: Path) -> None:
    written(tmp_path, STAGE)
    stage = CATALOG.find("./own.py", tmp_path)
    assert stage.__name__ == "Redact"
    assert config_type(stage).__struct_fields__ == ("words",)


def test_a_file_leaves_neither_a_path_nor_bytecode_behind(tmp_path: Path) -> None:
    written(tmp_path, STAGE)
    path = list(sys.path)
    CATALOG.find("own.py", tmp_path)
    assert sys.path == path
    assert [each.name for each in tmp_path.iterdir()] == ["own.py"]


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    written(tmp_path, STAGE)
    CATALOG.find("own.py", tmp_path)
    written(tmp_path, STAGE.replace("Redact", "Other"))
    assert CATALOG.find("own.py", tmp_path).__name__ == "Other"


def test_a_file_of_hooks_becomes_a_stage(tmp_path: Path) -> None:
    written(tmp_path, "def request(flow): ...")
    stage = CATALOG.find("own.py", tmp_path)
    assert issubclass(stage, HookStage)
    assert stage.name == "own"


def test_a_file_with_two_stages_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, f"{STAGE}\nclass Other(Redact): ...\n")
    said = f'stage "own.py": {path} has more than one Stage class: Redact, Other'
    assert str(refusal("own.py", tmp_path)) == said


def test_a_stage_that_a_file_only_imports_does_not_count(tmp_path: Path, installed: Path) -> None:
    written(tmp_path, "from offered_stages import Redact\nclass Mine(Redact): ...")
    assert CATALOG.find("own.py", tmp_path).__name__ == "Mine"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    said = f'stage "own.py": cannot read {tmp_path}/own.py: No such file or directory'
    assert str(refusal("own.py", tmp_path)) == said


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_a_pipe_in_the_place_of_a_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "own.py")
    said = f'stage "own.py": cannot read {tmp_path}/own.py: it is not a regular file'
    assert str(refusal("own.py", tmp_path)) == said


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_can_change_is_not_run(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, "raise SystemExit('it was run')")
    path.chmod(mode)
    said = f'stage "own.py": others can change {path}, so it is not run: chmod go-w {path}'
    assert str(refusal("own.py", tmp_path)) == said


def test_a_file_in_a_folder_that_others_can_change_is_not_run(tmp_path: Path) -> None:
    written(tmp_path, "raise SystemExit('it was run')")
    tmp_path.chmod(0o777)
    said = f'stage "own.py": others can change {tmp_path}, so it is not run: chmod go-w {tmp_path}'
    assert str(refusal("own.py", tmp_path)) == said


def test_a_file_that_breaks_is_blamed_by_its_line_and_shows_no_frames_of_ours(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "def deep():\n    int('x')\n\ndeep()\n")
    error = refusal("own.py", tmp_path)
    assert str(error).startswith(f'stage "own.py": {path}:2: ValueError: invalid literal')
    assert error.__cause__ is not None
    frames = extract_tb(error.__cause__.__traceback__)
    assert [(frame.filename, frame.lineno) for frame in frames] == [(str(path), 4), (str(path), 2)]


def test_an_error_in_a_library_is_blamed_on_the_line_that_called_it(tmp_path: Path) -> None:
    path = written(tmp_path, "import textwrap\n\ntextwrap.wrap('a', 0)\n")
    assert str(refusal("own.py", tmp_path)).startswith(f'stage "own.py": {path}:3: ValueError:')


def test_a_syntax_error_is_blamed_by_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "x = 1\ndef f(:\n")
    assert str(refusal("own.py", tmp_path)).startswith(f'stage "own.py": {path}:2: SyntaxError:')


def test_a_file_that_leaves_the_program_is_blamed_and_leaves_no_module_behind(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "raise SystemExit(3)")
    before = set(sys.modules)
    assert str(refusal("own.py", tmp_path)) == f'stage "own.py": {path}:1: SystemExit: 3'
    assert not [name for name in set(sys.modules) - before if name.startswith("own_")]
