"""TOML text to structs, syntax errors, secrets from elsewhere, and single tables."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from pipeline import Secret, SettingsError, StageConfig, decode, decode_table


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    pass


class Account(Table, frozen=True):
    name: str
    refresh_token: Secret
    client_secret: Secret | None = None


class Server(Table, frozen=True):
    port: Annotated[int, msgspec.Meta(ge=1)] = 8989
    keep_alive: float = 10.0
    level: Literal["info", "debug"] = "info"


class Settings(Table, frozen=True):
    server: Server = Server()
    accounts: list[Account] = []
    pipeline: list[dict[str, Any]] = []


def read(text: str, folder: Path = Path()) -> Settings:
    return decode(text, Settings, str(folder / "config.toml"))


def refused(text: str, folder: Path = Path()) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(text, folder)
    return caught.value.faults


def test_what_the_text_leaves_out_has_its_default() -> None:
    assert read("") == Settings()


def test_a_text_becomes_structs_with_kebab_case_keys() -> None:
    settings = read('[server]\nkeep-alive = 5\n[[accounts]]\nname = "a"\nrefresh-token = "t"\n')
    assert settings.server == Server(keep_alive=5.0)
    assert settings.accounts == [Account("a", Secret("t"))]


def test_tables_that_are_decoded_later_pass_as_they_are() -> None:
    tables = read('[[pipeline]]\nstage = "retry"\nsince = 2026-11-01\nmore = { x = [1] }').pipeline
    assert tables == [{"stage": "retry", "since": date(2026, 11, 1), "more": {"x": [1]}}]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "[server]\nport 1",
            "config.toml:2: Expected '=' after a key in a key/value pair (at line 2, column 6)",
        ),
        (
            "[server]\n\nport = [",
            "config.toml:3: Invalid value (at end of document)",
        ),
        ("port = " + "[" * 100_000, "config.toml: its values are nested too deeply"),
    ],
)
def test_a_syntax_error_keeps_line_and_column(text: str, fault: str) -> None:
    assert refused(text) == [fault]


def test_secrets_come_from_the_text_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KI2API_TEST_TOKEN", "from env")
    (tmp_path / "token").write_bytes(b"from: file\r\n")
    texts = ["plain: text", "env:KI2API_TEST_TOKEN", "file:token", f"file:{tmp_path}/token"]
    text = "".join(f'[[accounts]]\nname = ""\nrefresh-token = "{token}"\n' for token in texts)
    found = [account.refresh_token.reveal() for account in read(text, tmp_path).accounts]
    assert found == ["plain: text", "from env", "from: file", "from: file"]


def test_the_home_folder_may_be_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text("two\nlines\n\n")
    text = '[[accounts]]\nname = ""\nrefresh-token = "file:~/token"'
    assert read(text).accounts[0].refresh_token.reveal() == "two\nlines\n"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ('"env:KI2API_NOT_SET"', "the environment variable KI2API_NOT_SET is not set"),
        ('"file:none"', "cannot read the file none: No such file or directory"),
        ('"file:/dev/zero"', "cannot read the file /dev/zero: it is not a regular file"),
        ('"file:binary"', "cannot read the file binary: UnicodeDecodeError"),
        (
            '"file:~nobody-of-this-name/x"',
            "cannot read the file ~nobody-of-this-name/x: RuntimeError",
        ),
        ("5", "expected str, got int"),
    ],
)
def test_a_secret_that_is_not_there_is_a_fault_with_its_line(
    tmp_path: Path, value: str, fault: str
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    text = f'[[accounts]]\nname = "a"\nclient-secret = {value}\nrefresh-token = "x"'
    said = f"{tmp_path}/config.toml:3: accounts[0].client-secret: {fault}"
    assert refused(text, tmp_path) == [said]


def test_a_secret_does_not_show_in_a_fault() -> None:
    text = '[[accounts]]\nrefresh-token = "hush"\nclient-secret = ["hush"]\n'
    assert "hush" not in str(refused(text))


def test_a_type_that_no_setting_can_have_is_a_mistake_of_the_programmer() -> None:
    class Odd(msgspec.Struct):
        path: Path

    with pytest.raises(NotImplementedError, match="cannot be a Path"):
        decode('path = "x"', Odd, "config.toml")


class Retry(StageConfig, frozen=True):
    attempts: int = 3
    token: Secret = Secret("")


TEXT = '[[pipeline]]\nstage = "auth"\n[[pipeline]]\nstage = "retry"\natempts = 3\nattempts = "x"'


def test_one_table_can_be_decoded_alone_and_has_its_lines_in_the_whole_text() -> None:
    table = {"atempts": 3, "attempts": "x"}
    with pytest.raises(SettingsError) as caught:
        decode_table(
            table, Retry, where="pipeline[1]", text=TEXT, source="config.toml", title="retry"
        )
    assert caught.value.faults == [
        'config.toml:5: [retry] has no setting "atempts" - did you mean "attempts"?',
        "config.toml:6: [retry] attempts: expected int, got str",
    ]


def test_a_table_without_a_text_is_decoded_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    table = {"attempts": 5, "token": "file:token"}
    retry = decode_table(table, Retry, where="", text="", source="", folder=tmp_path)
    assert retry == Retry(5, Secret("t"))
