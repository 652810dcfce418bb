"""Every piece of config.toml that a page shows can be pasted as it stands: `check` takes it."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from ki2api.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [
    path
    for path in sorted(
        [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "pipeline/README.md"]
    )
    if path.name != "clients.md"  # it shows files of other programs
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r'(?:"""|# )([\w/]+\.py)\b')
"""The first words of a file that a page shows are its name."""
TOKEN = '{"accessToken": "a", "refreshToken": "r", "authMethod": "social", "provider": "Google"}'
TABLES = [
    (path, text)
    for path in PAGES
    for language, text in BLOCK.findall(path.read_text("utf-8"))
    if language == "toml"
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home, where we are, with the logins that the pages name."""
    monkeypatch.chdir(tmp_path)
    token = tmp_path / ".aws/sso/cache/kiro-auth-token.json"
    database = tmp_path / ".local/share/kiro-cli/data.sqlite3"
    for path in (token, database):
        path.parent.mkdir(parents=True)
    token.write_text(TOKEN)
    token.chmod(0o600)
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT)")
        row = ("kirocli:social:token", '{"access_token": "a", "refresh_token": "b"}')
        opened.execute("INSERT INTO auth_kv VALUES (?, ?)", row)
    return tmp_path


def write_files(page: Path, folder: Path) -> None:
    """Write the Python files of a page, each in its last version."""
    for language, text in BLOCK.findall(page.read_text("utf-8")):
        if language == "python" and (name := FILE.match(text)):
            path = folder / name[1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            path.chmod(0o644)


@pytest.mark.parametrize(("page", "text"), TABLES, ids=lambda part: str(part)[-30:])
def test_what_a_page_shows_of_the_settings_is_taken(page: Path, text: str, home: Path) -> None:
    write_files(page, home)
    (home / "config.toml").write_text(text, "utf-8")

    nothing = dict.fromkeys(set(os.environ) - {"PATH"})
    done = CliRunner().invoke(cli, ["check"], env={**nothing, "HOME": str(home)})

    assert done.exit_code == 0, done.output
    assert "[[pipeline]]" not in done.output
    assert "config.toml: all right" in done.output


def test_the_pages_show_settings() -> None:
    assert {path.name for path, _ in TABLES} >= {
        "README.md",
        "README.zh-CN.md",
        "accounts.md",
        "content.md",
        "emulation.md",
    }
