"""`ki2api connect`: the settings of each client, with this gateway's address and key."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from ki2api.cli import cli
from ki2api.cli.connections import CONNECTIONS, Address, Piece

OWN = "a-key-of-my-own"
HARD = """a"b$c`d\\e"""
PIECES = [(name, piece) for name, each in CONNECTIONS.items() for piece in each.pieces]
IDS = [f"{name}-{piece.language}" for name, piece in PIECES]


@pytest.fixture(autouse=True)
def nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("API_KEY", "KI2API_CONFIG", "KI2API_PORT", "KI2API_HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)


def connect(*arguments: str, key: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["connect", *arguments], env={"API_KEY": key} if key else {})


def test_without_a_client_it_lists_them_all() -> None:
    told = connect()
    assert told.exit_code == 0
    assert re.findall(r"^  ([a-z-]+) ", told.output, re.MULTILINE) == list(CONNECTIONS)


@pytest.mark.parametrize("client", CONNECTIONS)
def test_it_prints_every_piece_as_it_is_to_be_copied(client: str) -> None:
    told = connect(client, "--port", "9001")
    address = Address("http://127.0.0.1:9001", "claude-sonnet-4.5", "ki2api-key-2024")
    assert told.exit_code == 0
    for piece in CONNECTIONS[client].pieces:
        assert f"\n\n{address.put_into(piece)}\n" in told.output
    assert "<" not in re.sub(r"<[/A-Z]", "", told.output)


def test_address_and_model_are_put_in() -> None:
    told = connect("claude-code", "--url", "gateway.lan:80/v1", "--model", "glm-5").output
    assert 'export ANTHROPIC_BASE_URL="http://gateway.lan:80"' in told
    assert 'export ANTHROPIC_MODEL="glm-5"' in told


@pytest.mark.parametrize("client", CONNECTIONS)
def test_a_key_of_ones_own_is_not_shown_unless_asked_for(client: str) -> None:
    hidden = connect(client, key=OWN).output
    assert OWN not in hidden
    shown, note = hidden.split("Your own key is not shown: ")
    assert [word in note for word in ("KI2API_KEY", "YOUR-KEY")] == [
        word in shown for word in ("KI2API_KEY", "YOUR-KEY")
    ]
    assert OWN in connect(client, "--show-key", key=OWN).output


def test_the_models_window_is_put_in() -> None:
    assert "\nmodel_context_window = 200000\n" in connect("codex").output
    assert "\nmodel_context_window = 1000000\n" in connect("codex", "--model", "auto").output
    assert '"max_tokens": 200000,' in connect("zed", "--model", "brand-new").output


def test_a_key_that_was_typed_is_shown() -> None:
    told = connect("claude-code", "--key", OWN).output
    assert f'export ANTHROPIC_AUTH_TOKEN="{OWN}"' in told
    assert "KI2API_KEY" not in told


def test_an_unknown_client_is_an_error_of_typing() -> None:
    told = connect("no-such-client")
    assert told.exit_code == 2
    assert "no-such-client" in told.output


def said_by_a_shell(text: str) -> str:
    """Let a shell read it, and return its environment and the words of the one command."""
    script = f"cline() {{ printf '%s\\n' \"$@\"; }}\n{text}\nenv"
    return subprocess.run(
        ["/bin/sh", "-euc", script], check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize(("name", "piece"), PIECES, ids=IDS)
def test_each_text_is_well_formed_whatever_the_key(name: str, piece: Piece) -> None:
    text = Address("http://127.0.0.1:8989", "auto", HARD).put_into(piece)
    match piece.language:
        case "toml":
            assert tomllib.loads(text)
        case "json":
            assert msgspec.json.decode(text)
        case "python":
            assert HARD in [
                node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)
            ]
        case "sh":
            told = said_by_a_shell(text)
            assert "http://127.0.0.1:8989" in told or "base" not in text.lower()
            assert HARD in told or "<key>" not in piece.text
        case other:
            assert other in {"yaml", "ini", "text", "js"}


@pytest.mark.parametrize("typed", ["cluade-code", "cluade", "Claud"])
def test_a_misspelt_client_is_told_the_nearest(typed: str) -> None:
    told = connect(typed)
    assert told.exit_code == 2
    said = " ".join(told.output.replace("│", " ").split())
    assert 'no client - did you mean "claude-code"?' in said
    assert "connect [OPTIONS] [CLIENT]" in said


@pytest.mark.parametrize("typed", ["Claude Code", "CLAUDE-CODE"])
def test_a_name_may_be_written_as_people_do(typed: str) -> None:
    assert connect(typed).output == connect("claude-code").output
