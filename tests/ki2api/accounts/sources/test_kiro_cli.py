import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ki2api.accounts.account import Origin
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.kiro_cli import read_database
from ki2api.accounts.sources.search import Search
from pipeline.secret import Secret

PLACE = "~/.local/share/kiro-cli/data.sqlite3"
ARN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"
TOKEN = {
    "access_token": "a",
    "refresh_token": "r",
    "expires_at": "2030-01-02T03:04:05.123456789012Z",
    "oauth_flow": "DeviceCode",
}
CLIENT = {"client_id": "id", "client_secret": "s", "region": "eu-west-1"}
REGISTRATION = "kirocli:odic:device-registration"


def test_no_database_holds_nothing_and_is_waited_for(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    search = searched()
    path = tmp_path / "data.sqlite3"

    assert read_database(search, (path,)).credentials == ()
    assert search.files == [path, tmp_path / "data.sqlite3-wal"]


def test_a_database_that_cannot_be_looked_at_is_told_and_not_taken_for_none(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    with pytest.raises(AccountsUnreadable, match="cannot be read: "):
        read_database(searched(), (loop / "data.sqlite3",))


def test_a_social_login_is_read(
    searched: Callable[..., Search], database: Callable[..., Path]
) -> None:
    social = TOKEN | {"provider": "Google", "profile_arn": ARN}
    path = database({"kirocli:social:token": social, REGISTRATION: CLIENT})

    found = read_database(searched(), (path,))
    [credential] = found.credentials

    assert found.place == PLACE
    assert credential.source == f"{PLACE}, kirocli:social:token"
    assert credential.origin == Origin(path, "kirocli:social:token")
    assert (credential.kind, credential.client_id) == ("social", "")
    assert (credential.refresh_token, credential.access_token) == (Secret("r"), Secret("a"))
    assert credential.expires_at == pytest.approx(1893553445.123456)
    assert (credential.provider, credential.profile_arn) == ("Google", ARN)


def test_an_identity_center_login_is_read_with_its_registration_and_its_state(
    searched: Callable[..., Search], database: Callable[..., Path]
) -> None:
    token = TOKEN | {"start_url": "https://d-1.awsapps.com/start", "scopes": ["a", "b"]}
    state = {"api.codewhisperer.profile": {"arn": ARN, "profile_name": "work"}}
    path = database({"kirocli:odic:token": token, REGISTRATION: CLIENT}, state)

    [credential] = read_database(searched(), (path,)).credentials

    assert (credential.kind, credential.label) == ("oidc", "identity-center")
    assert (credential.client_id, credential.client_secret) == ("id", Secret("s"))
    assert (credential.region, credential.profile_arn) == ("eu-west-1", ARN)


@pytest.mark.parametrize(
    ("token", "client", "region"),
    [
        ({"region": "eu-north-1"}, CLIENT, "eu-north-1"),
        ({}, CLIENT, "eu-west-1"),
        ({}, CLIENT | {"region": None}, "ap-northeast-1"),
    ],
)
def test_the_region_is_the_tokens_or_the_registrations_or_that_of_the_state(
    searched: Callable[..., Search],
    database: Callable[..., Path],
    token: dict[str, Any],
    client: dict[str, Any],
    region: str,
) -> None:
    rows = {"kirocli:oidc:token": TOKEN | token, REGISTRATION: client}
    path = database(rows, {"auth.idc.region": "ap-northeast-1"})

    assert read_database(searched(), (path,)).credentials[0].region == region


def test_a_profile_may_stand_bare_in_the_state(
    searched: Callable[..., Search], database: Callable[..., Path]
) -> None:
    path = database({"kirocli:social:token": TOKEN}, {"api.codewhisperer.profile": ARN})

    assert read_database(searched(), (path,)).credentials[0].profile_arn == ARN


def test_a_profile_that_is_none_is_passed_over(
    searched: Callable[..., Search], database: Callable[..., Path]
) -> None:
    path = database({"kirocli:social:token": TOKEN}, {"api.codewhisperer.profile": "none"})

    assert read_database(searched(), (path,)).credentials[0].profile_arn == ""


@pytest.mark.parametrize("first", range(4))
def test_of_several_logins_the_first_kind_that_holds_a_token_is_taken(
    searched: Callable[..., Search], database: Callable[..., Path], first: int
) -> None:
    keys = [
        "kirocli:social:token",
        "kirocli:odic:token",
        "kirocli:oidc:token",
        "codewhisperer:odic:token",
    ]
    rows: dict[str, Any] = {key: TOKEN | {"refresh_token": key} for key in reversed(keys[first:])}
    rows |= {key: {"region": "us-east-1"} for key in keys[:first]} | {REGISTRATION: CLIENT}

    [credential] = read_database(searched(), (database(rows),)).credentials

    assert credential.refresh_token == Secret(keys[first])


def test_a_token_goes_with_the_registration_of_its_own_program(
    searched: Callable[..., Search], database: Callable[..., Path]
) -> None:
    older = "codewhisperer:odic"
    rows = {
        f"{older}:token": TOKEN,
        REGISTRATION: CLIENT,
        f"{older}:device-registration": CLIENT | {"client_id": "older"},
    }

    assert read_database(searched(), (database(rows),)).credentials[0].client_id == "older"


def test_an_external_login_is_read(
    searched: Callable[..., Search], database: Callable[..., Path]
) -> None:
    endpoint = "https://example.okta.com/oauth2/v1/token"
    token = TOKEN | {"token_endpoint": endpoint, "client_id": "app", "scopes": ["openid"]}
    path = database({"kirocli:external-idp:token": token})

    [credential] = read_database(searched(), (path,)).credentials

    assert (credential.kind, credential.client_id) == ("external-idp", "app")
    assert (credential.token_endpoint, credential.scopes) == (endpoint, "openid")


@pytest.mark.parametrize("rows", [{}, {"kirocli:social:token": {"region": "us-east-1"}}])
def test_a_database_without_a_token_is_no_account(
    searched: Callable[..., Search], database: Callable[..., Path], rows: dict[str, Any]
) -> None:
    assert read_database(searched(), (database(rows),)).credentials == ()


def test_a_later_path_is_looked_at_where_the_first_holds_nothing(
    searched: Callable[..., Search], database: Callable[..., Path]
) -> None:
    empty = database({})
    full = database({"kirocli:social:token": TOKEN}, path=Path("roaming", "data.sqlite3"))

    assert read_database(searched(), (empty, full)).place == "~/roaming/data.sqlite3"


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ({"kirocli:odic:token": TOKEN}, "odic:token: the client registration is missing"),
        ({"kirocli:social:token": []}, "social:token: expected object, got array"),
        (
            {"kirocli:odic:token": TOKEN, REGISTRATION: {}},
            "device-registration: client_id is missing",
        ),
    ],
)
def test_a_login_that_lacks_something_is_named_with_its_row(
    searched: Callable[..., Search],
    database: Callable[..., Path],
    rows: dict[str, Any],
    complaint: str,
) -> None:
    path = database(rows)

    with pytest.raises(AccountsUnreadable, match=f"^{PLACE}, .*{complaint}"):
        read_database(searched(), (path,))


def test_values_may_be_blobs(
    searched: Callable[..., Search], database: Callable[..., Path]
) -> None:
    path = database({})
    with closing(sqlite3.connect(path)) as writer, writer:
        row = ("kirocli:social:token", msgspec.json.encode(TOKEN))
        writer.execute("INSERT INTO auth_kv VALUES (?, ?)", row)

    assert read_database(searched(), (path,)).credentials[0].refresh_token == Secret("r")


def test_a_login_that_the_program_has_just_written_is_seen_in_its_log(
    searched: Callable[..., Search], database: Callable[..., Path], tmp_path: Path
) -> None:
    path = database({"kirocli:social:token": TOKEN | {"refresh_token": "old"}}, wal=True)
    copy = tmp_path / "crashed" / path.name
    copy.parent.mkdir()
    with closing(sqlite3.connect(path)) as program, program:
        row = (msgspec.json.encode(TOKEN).decode(), "kirocli:social:token")
        program.execute("UPDATE auth_kv SET value = ? WHERE key = ?", row)
        program.commit()
        for name in (path.name, f"{path.name}-wal"):
            shutil.copyfile(path.with_name(name), copy.with_name(name))
        log_is_open = read_database(searched(), (path,))
    log_is_left_behind = read_database(searched(), (copy,))

    assert log_is_open.credentials[0].refresh_token == Secret("r")
    assert log_is_left_behind.credentials[0].refresh_token == Secret("r")
    assert sorted(each.name for each in copy.parent.iterdir()) == [path.name, f"{path.name}-wal"]


@pytest.mark.parametrize("wal", [True, False])
def test_reading_leaves_nothing_beside_the_database(
    searched: Callable[..., Search], database: Callable[..., Path], *, wal: bool
) -> None:
    path = database({"kirocli:social:token": TOKEN}, wal=wal)
    before = path.stat()

    assert read_database(searched(), (path,)).credentials

    assert [*path.parent.iterdir()] == [path]
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_rows_that_have_no_part_in_a_login_do_no_harm(
    searched: Callable[..., Search], database: Callable[..., Path]
) -> None:
    broken = {"codewhisperer:odic:device-registration": "no registration"}
    path = database({"kirocli:social:token": TOKEN, **broken})
    with closing(sqlite3.connect(path)) as others, others:
        others.execute("INSERT INTO state VALUES ('telemetry', ?)", (b"\xff",))

    [credential] = read_database(searched(), (path,)).credentials

    assert credential.refresh_token == Secret("r")
