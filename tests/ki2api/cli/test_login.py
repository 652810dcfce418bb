"""What `ki2api login` and `logout` refuse before they ask anybody."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from ki2api.accounts.logins import Login, Logins
from ki2api.cli import cli
from ki2api.cli.browsing import has_windows
from pipeline.secret import Secret

ME = Login(Secret("r" * 120), Secret("access"), "2025-11-22T13:00:00+00:00", name="me")


def run(folder: Path, *arguments: str, state: str = "state/state.json") -> Result:
    path = str(folder / state) if state else ""
    return CliRunner().invoke(cli, [*arguments], env={"KI2API_STATE": path, "COLUMNS": "200"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--builder-id", "--start-url", "https://d-1.test"), "choose one"),
        (("--google", "--start-url", "https://d-1.test"), "choose one"),
        (("--builder-id", "--google"), "choose one"),
        (("--github", "--builder-id"), "choose one"),
        (("--google", "--github", "--start-url", "https://d-1.test"), "choose one"),
        (("--start-url", "d-1.test/start"), "must be like https://d-1234567890"),
        (("--region", "eu-west-1"), "--region goes with --start-url"),
        (("--start-url", "https://d-1.test", "--region", "europe"), "must be like us-east-1"),
        (("--name", "a\nb"), "not printable"),
        (("--name", "x" * 65), "too long"),
        (("me",), "unexpected extra argument"),
    ],
)
def test_what_does_not_go_together_is_said(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = run(tmp_path, "login", *arguments)

    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize("command", [("login",), ("logout", "me")])
def test_a_state_in_memory_keeps_no_login(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = run(tmp_path, *command, state="")

    assert result.exit_code == 2
    assert "set it, or $KI2API_STATE, to the path of a file" in result.output


def test_a_place_that_cannot_be_written_is_said_before_anybody_logs_in(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")

    result = run(tmp_path, "login")

    assert result.exit_code == 1
    assert "logins.json cannot be written (" in result.output
    assert "http" not in result.output


def test_logins_that_cannot_be_read_are_said_before_anybody_logs_in(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "logins.json").write_text("{")

    result = run(tmp_path, "login")

    assert result.exit_code == 1
    assert "holds no logins that can be read" in result.output


def test_a_login_is_forgotten(tmp_path: Path) -> None:
    logins = Logins(tmp_path / "state" / "logins.json")
    logins.add(ME)
    logins.add(replace(ME, name="work"))

    result = run(tmp_path, "logout", "me")

    assert result.exit_code == 0
    assert "Forgot the login me." in result.output
    assert [login.name for login in logins.all()] == ["work"]


def test_a_login_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    logins = Logins(tmp_path / "state" / "logins.json")
    nothing = run(tmp_path, "logout", "me")
    logins.add(ME)
    wrong = run(tmp_path, "logout", "you")

    assert (nothing.exit_code, wrong.exit_code) == (1, 1)
    assert "there is no login me; none is kept" in nothing.output
    assert "there is no login you; kept are: me" in wrong.output


@pytest.mark.parametrize(
    ("environ", "platform", "windows"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({"DISPLAY": ""}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_a_browser_is_opened_only_where_it_has_a_window(
    environ: dict[str, str], platform: str, *, windows: bool
) -> None:
    assert has_windows(environ, platform) is windows
