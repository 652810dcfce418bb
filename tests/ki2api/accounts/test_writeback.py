import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from ki2api.accounts.account import Origin
from ki2api.accounts.writeback import WriteBackFailed, write_back
from pipeline.secret import Secret

SENT = Secret("old-refresh")
KEY = "kirocli:social:token"


class Renewed(msgspec.Struct):
    access: Secret = Secret("new-access")
    refresh: Secret | None = Secret("new-refresh")
    expires_at: float = 1_893_456_000.25


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "kiro-auth-token.json"
    path.write_text(
        '{"ofTomorrow": 1.50, "refreshToken": "old-refresh", "big": 12345678901234567890123,'
        ' "accessToken": "old-access", "provider": "Google"}'
    )
    path.chmod(0o640)
    return path


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., Path]:
    def write(value: str | bytes, key: str = KEY) -> Path:
        path = tmp_path / "data.sqlite3"
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT)")
            database.execute("INSERT INTO auth_kv VALUES (?, ?)", (key, value))
        return path

    return write


def stored(path: Path) -> str | bytes:
    with closing(sqlite3.connect(path)) as database:
        value: str | bytes = database.execute("SELECT value FROM auth_kv").fetchone()[0]
        return value


def test_new_tokens_stand_in_the_place_of_the_old_and_all_else_stays(token_file: Path) -> None:
    assert write_back(Origin(token_file, write_back=True), SENT, Renewed())

    assert token_file.read_text() == (
        '{\n  "ofTomorrow": 1.50,\n  "refreshToken": "new-refresh",\n'
        '  "big": 12345678901234567890123,\n  "accessToken": "new-access",\n'
        '  "provider": "Google",\n  "expiresAt": "2030-01-01T00:00:00.250Z"\n}'
    )
    assert token_file.stat().st_mode & 0o777 == 0o640
    assert [*token_file.parent.iterdir()] == [token_file]


def test_a_refresh_token_that_was_not_replaced_stays(token_file: Path) -> None:
    assert write_back(Origin(token_file), SENT, Renewed(refresh=None))

    content = msgspec.json.decode(token_file.read_bytes())
    assert (content["refreshToken"], content["accessToken"]) == ("old-refresh", "new-access")


@pytest.mark.parametrize(
    "content", ['{"refreshToken": "of the IDE itself"}', "{}", '\ufeff{"refreshToken": "x"}']
)
def test_a_file_that_holds_another_token_is_left_alone(token_file: Path, content: str) -> None:
    token_file.write_text(content)
    before = token_file.stat()

    assert not write_back(Origin(token_file), SENT, Renewed())

    assert token_file.read_text() == content
    assert token_file.stat().st_mtime_ns == before.st_mtime_ns


def test_a_link_stays_a_link_and_its_file_is_written(token_file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "token.json"
    link.symlink_to(token_file)

    assert write_back(Origin(link), SENT, Renewed())

    assert link.is_symlink()
    assert "new-refresh" in token_file.read_text()


@pytest.mark.parametrize(
    "content", [b"", b'{"refreshToken":', b"\xff", b"[]", b'{"refreshToken": 1}']
)
def test_a_file_that_is_half_written_is_told_and_left_alone(
    token_file: Path, content: bytes
) -> None:
    token_file.write_bytes(content)

    with pytest.raises(WriteBackFailed, match="it is no JSON any more"):
        write_back(Origin(token_file), SENT, Renewed())

    assert token_file.read_bytes() == content


def test_a_file_that_cannot_be_written_is_told_without_a_token(tmp_path: Path) -> None:
    path = tmp_path / "gone.json"

    with pytest.raises(WriteBackFailed) as failed:
        write_back(Origin(path), SENT, Renewed())

    assert str(failed.value) == (
        f"{path} cannot be written (No such file or directory), so the program that it belongs to "
        "may have to log in again: make it writable, or take write-back away"
    )
    assert "refresh" not in str(failed.value)


def test_what_the_owner_writes_meanwhile_is_not_written_over(token_file: Path) -> None:
    class OvertakenByTheOwner:
        access, refresh = Secret("new-access"), Secret("new-refresh")

        @property
        def expires_at(self) -> float:
            token_file.write_text('{"refreshToken": "of the owner"}')
            return 0.0

    assert not write_back(Origin(token_file), SENT, OvertakenByTheOwner())

    assert token_file.read_text() == '{"refreshToken": "of the owner"}'
    assert [*token_file.parent.iterdir()] == [token_file]


def test_what_an_earlier_write_left_behind_is_no_hindrance(token_file: Path) -> None:
    token_file.with_name(f".{token_file.name}.ki2api").write_text("half")

    assert write_back(Origin(token_file), SENT, Renewed())

    assert [*token_file.parent.iterdir()] == [token_file]


def test_a_folder_that_takes_no_new_file_leaves_the_old_as_it_was(token_file: Path) -> None:
    before = token_file.read_bytes()
    token_file.with_name(f".{token_file.name}.ki2api").mkdir()

    with pytest.raises(WriteBackFailed):
        write_back(Origin(token_file), SENT, Renewed())

    assert token_file.read_bytes() == before


@pytest.mark.parametrize("kind", [str, bytes])
def test_a_row_gets_new_tokens_and_keeps_its_type(
    database: Callable[..., Path], kind: type[str] | type[bytes]
) -> None:
    value = '{"refresh_token": "old-refresh", "scopes": ["a"], "access_token": "old"}'
    path = database(value if kind is str else value.encode())

    assert write_back(Origin(path, KEY, write_back=True), SENT, Renewed())

    now = stored(path)
    assert isinstance(now, kind)
    assert msgspec.json.decode(now) == {
        "refresh_token": "new-refresh",
        "scopes": ["a"],
        "access_token": "new-access",
        "expires_at": "2030-01-01T00:00:00.250Z",
    }


@pytest.mark.parametrize("key", [KEY, "another:row"])
def test_a_row_that_holds_another_token_is_left_alone(
    database: Callable[..., Path], key: str
) -> None:
    value = '{"refresh_token": "of the program itself"}'
    path = database(value, key)

    assert not write_back(Origin(path, KEY), SENT, Renewed())
    assert stored(path) == value


def test_no_database_is_made_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(WriteBackFailed, match="unable to open database file"):
        write_back(Origin(tmp_path / "no.sqlite3", KEY), SENT, Renewed())

    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("expires_at", [1e12, -1e300, float("inf"), float("nan")])
def test_an_end_that_no_calendar_has_is_told_and_nothing_is_written(
    token_file: Path, expires_at: float
) -> None:
    before = token_file.read_bytes()

    with pytest.raises(WriteBackFailed, match="Error"):
        write_back(Origin(token_file), SENT, Renewed(expires_at=expires_at))

    assert token_file.read_bytes() == before


def test_json_without_a_bottom_is_told_and_left_alone(token_file: Path) -> None:
    token_file.write_text('{"refreshToken":' + "[" * 200_000)

    with pytest.raises(WriteBackFailed):
        write_back(Origin(token_file), SENT, Renewed())


def test_a_path_that_is_not_utf_8_is_told_in_text_that_is(tmp_path: Path) -> None:
    with pytest.raises(WriteBackFailed) as failed:
        write_back(Origin(tmp_path / os.fsdecode(b"\xff")), SENT, Renewed())

    assert str(failed.value).encode().startswith(f"{tmp_path}/\\udcff cannot".encode())
