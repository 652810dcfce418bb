"""A settings file that others can change."""

import os
import re
from pathlib import Path

import pytest

from ki2api.settings import load
from pipeline import SettingsError

NAMES_CODE = '[[pipeline]]\nstage = "./mine.py"\nafter = "normalize"\n'
NOBODY = 65_534
as_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can give files away"
)
pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")


def written(folder: Path, text: str, mode: int = 0o644) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def refusal(environ: dict[str, str], path: Path | None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environ, path)
    return str(caught.value)


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
@pytest.mark.parametrize(
    ("line", "text"),
    [
        (2, NAMES_CODE),
        (2, '[[pipeline]]\nstage = "my_package.stages:Redact"\nafter = "normalize"\n'),
        (3, '[[pipeline]]\nstage = "account-select"\nstrategy = "./pick.py:function"\n'),
        (3, '[[pipeline]]\nstage = "account-select"\nstrategy = "os:system"\n'),
        (4, '[[pipeline]]\nstage = "mine"\nafter = "auth"\ndeep = [{ a = ["~/x.py"] }]\n'),
    ],
)
def test_names_no_code_where_others_can_write_it(
    tmp_path: Path, line: int, text: str, mode: int
) -> None:
    path = written(tmp_path, text, mode)
    said = f"{path}:{line}: this is code, and others can change {path}: chmod go-w {path}"
    assert refusal({}, path) == said
    path.chmod(0o644)
    assert load({}, path).warnings == ()


def test_without_code_it_is_warned_of_as_it_says_where_tokens_go(tmp_path: Path) -> None:
    text = '[upstream]\nuser-agent = "a.py:b"\n[[pipeline]]\nstage = "retry"\nattempts = 2\n'
    path = written(tmp_path, text, 0o666)
    (warning,) = load({}, path).warnings
    assert warning == f"others can change {path}, and so where tokens are sent: chmod go-w {path}"


@pytest.mark.parametrize(("mode", "open_"), [(0o777, True), (0o770, True), (0o1777, False)])
def test_the_folder_matters_as_much_but_for_the_sticky_bit(
    tmp_path: Path, mode: int, *, open_: bool
) -> None:
    path = written(tmp_path, NAMES_CODE)
    tmp_path.chmod(mode)
    if open_:
        assert refusal({}, path).endswith(f"others can change {tmp_path}: chmod go-w {tmp_path}")
    else:
        assert load({}, path).warnings == ()


def test_a_link_is_judged_by_both_of_its_ends(tmp_path: Path) -> None:
    for name in ("inner", "outer"):
        (tmp_path / name).mkdir(mode=0o755)
    (tmp_path / "outer" / "config.toml").symlink_to(written(tmp_path / "inner", NAMES_CODE))
    path = tmp_path / "outer" / "config.toml"
    assert load({}, path).warnings == ()
    for name in ("inner", "outer"):
        (tmp_path / name).chmod(0o777)
        assert f"chmod go-w {tmp_path / name}" in refusal({}, path)
        (tmp_path / name).chmod(0o755)


@as_root
def test_somebody_elses_file_in_this_folder_names_no_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, NAMES_CODE)
    os.chown(path, NOBODY, NOBODY)
    monkeypatch.chdir(tmp_path)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "none")}
    told = f"this is code, and config.toml belongs to another user ({NOBODY})"
    assert refusal(environ, None) == f"config.toml:2: {told}: if you trust it, name it by --config"
    for named, given in ((environ, path), ({"KI2API_CONFIG": str(path)}, None)):
        (warning,) = load(named, given).warnings
        assert re.search(r":2: this is code, and .* belongs to another user", warning)


@as_root
def test_somebody_elses_file_without_code_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "[server]\nport = 1\n")
    os.chown(path, NOBODY, NOBODY)
    assert load({}, path).settings.server.port == 1
    assert load({}, path).warnings == ()
