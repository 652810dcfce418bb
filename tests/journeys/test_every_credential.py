"""Each kind of login, from the file that its own program writes to an answered request."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import Struct

from ki2api.simulator import SimAccount, Simulator

ASK = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hello"}]}
CACHE = Path(".aws", "sso", "cache")
STALE = {"accessToken": "stale", "expiresAt": "2025-12-31T02:32:45.144Z"}
STALE_ROW = {"access_token": "stale", "expires_at": "2025-12-31T02:32:45.144123456Z"}


class Login(Struct, kw_only=True):
    """A login that lies where its program put it, and what of it is seen on the wire."""

    account: SimAccount
    environ: dict[str, str] = {}
    accounts: str = ""
    upstream: str = ""
    token_type: str | None = None
    region: str = "us-east-1"


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(content))
    path.chmod(0o600)
    return path


def write_ide(home: Path, account: SimAccount, **content: Any) -> Path:
    """Write the token file of the IDE, with the registration beside it where it names one."""
    if "clientIdHash" in content:
        client = {"clientId": account.client_id, "clientSecret": account.client_secret}
        write(home / CACHE / f"{content['clientIdHash']}.json", client)
    token = {**STALE, "refreshToken": account.refresh_token, **content}
    return write(home / CACHE / "kiro-auth-token.json", token)


def write_database(
    path: Path, rows: dict[str, Any], state: dict[str, Any] | None = None
) -> sqlite3.Connection:
    """Write a database as kiro-cli does, and leave it open as that does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, check_same_thread=False)
    database.execute("PRAGMA journal_mode=wal")
    for table, values in (("auth_kv", rows), ("state", state or {})):
        database.execute(f"CREATE TABLE {table} (key TEXT PRIMARY KEY, value TEXT)")
        pairs = [(key, msgspec.json.encode(value).decode()) for key, value in values.items()]
        database.executemany(f"INSERT INTO {table} VALUES (?, ?)", pairs)  # noqa: S608 - ours
    database.commit()
    return database


def row(account: SimAccount, **more: Any) -> dict[str, Any]:
    return {**STALE_ROW, "refresh_token": account.refresh_token, **more}


def registration(account: SimAccount) -> dict[str, Any]:
    secret = account.client_secret
    return {"client_id": account.client_id, "client_secret": secret, "region": account.region}


def social_of_the_ide(simulator: Simulator, home: Path) -> Login:
    account = simulator.add_account("a")
    arn = account.profile_arn
    write_ide(home, account, profileArn=arn, authMethod="social", provider="Google")
    return Login(account=account)


def builder_id_of_the_ide(simulator: Simulator, home: Path) -> Login:
    account = simulator.add_account("a", kind="builder-id")
    more = {"authMethod": "IdC", "provider": "BuilderId", "clientIdHash": "5f2c"}
    write_ide(home, account, region="us-east-1", **more)
    return Login(account=account)


def identity_center_of_the_ide(simulator: Simulator, home: Path) -> Login:
    account = simulator.add_account("a", kind="enterprise", region="eu-central-1")
    more = {"authMethod": "IdC", "provider": "Enterprise", "clientIdHash": "5f2c"}
    write_ide(home, account, region="eu-central-1", startUrl=account.start_url, **more)
    return Login(account=account, region="eu-central-1")


def external_idp_of_the_ide(simulator: Simulator, home: Path) -> Login:
    account = simulator.add_account("a", kind="external-idp")
    write_ide(
        home,
        account,
        authMethod="external_idp",
        provider="ExternalIdp",
        tokenEndpoint=f"{simulator.urls.oidc}/oauth2/v2.0/token",
        issuerUrl=simulator.urls.oidc,
        clientId=account.client_id,
        scopes=["openid", "offline_access"],
    )
    upstream = f'oidc-url = "{simulator.urls.oidc}"'
    return Login(account=account, upstream=upstream, token_type="EXTERNAL_IDP")


def api_key(simulator: Simulator, home: Path) -> Login:
    account = simulator.add_account("a", kind="api-key")
    environ = {"KIRO_API_KEY": account.api_key}
    return Login(account=account, environ=environ, token_type="API_KEY")


def auth_config(simulator: Simulator, home: Path) -> Login:
    account = simulator.add_account("a", kind="builder-id")
    entry = {
        "auth": "IdC",
        "refreshToken": account.refresh_token,
        "clientId": account.client_id,
        "clientSecret": account.client_secret,
        "provider": "BuilderId",
    }
    return Login(account=account, environ={"KIRO_AUTH_CONFIG": encoded([entry])})


def encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def table_with_a_token_file(simulator: Simulator, home: Path) -> Login:
    account = simulator.add_account("a")
    content = {**STALE, "refreshToken": account.refresh_token, "authMethod": "social"}
    write(home / "elsewhere" / "token.json", content)
    return Login(account=account, accounts='[[accounts]]\ntoken-file = "elsewhere/token.json"\n')


LOGINS = [
    social_of_the_ide,
    builder_id_of_the_ide,
    identity_center_of_the_ide,
    external_idp_of_the_ide,
    api_key,
    auth_config,
    table_with_a_token_file,
]


def is_answered(simulator: Simulator, start: Any, login: Login, binding: str) -> None:
    """Prove that the login serves, and how it is shown to Kiro."""
    gateway = start(
        simulator,
        accounts=login.accounts,
        environ=login.environ,
        upstream=f'binding = "{binding}"\n{login.upstream}',
    )
    with gateway.http() as http:
        answer = http.post("/v1/chat/completions", json=ASK)
    assert answer.status_code == 200, answer.text
    [request] = simulator.requests
    assert (request.account, request.host, request.binding) == ("a", "runtime", binding)
    assert request.headers.get("tokentype") == login.token_type
    bearer = login.account.api_key or login.account.access_token
    assert request.headers["authorization"] == f"Bearer {bearer}"
    arn = request.parsed().get("profileArn")
    if login.token_type == "API_KEY":
        assert arn is None
    else:
        assert arn in login.account.profiles
        assert arn.split(":")[3] == login.region
        assert login.account.refreshes == 1
    [status] = gateway.statuses().values()
    assert (status["state"], status["region"]) == ("ready", login.region)


@pytest.mark.parametrize("binding", ["rest", "json-1.0"])
@pytest.mark.parametrize("make", LOGINS)
def test_a_login_is_found_and_serves(
    make: Callable[[Simulator, Path], Login],
    binding: str,
    simulator: Simulator,
    start: Any,
    tmp_path: Path,
) -> None:
    is_answered(simulator, start, make(simulator, tmp_path), binding)


KIRO_CLI = Path(".local", "share", "kiro-cli", "data.sqlite3")
AMAZON_Q = Path(".local", "share", "amazon-q", "data.sqlite3")


@pytest.fixture
def opened() -> Iterator[list[sqlite3.Connection]]:
    """Keeps databases open, as their own program would, and closes them at the end."""
    connections: list[sqlite3.Connection] = []
    yield connections
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("binding", ["rest", "json-1.0"])
def test_the_login_of_a_kiro_cli_that_runs_serves(
    binding: str,
    simulator: Simulator,
    start: Any,
    tmp_path: Path,
    opened: list[sqlite3.Connection],
) -> None:
    account = simulator.add_account("a", kind="enterprise", region="eu-central-1")
    token = row(account, region=account.region, start_url=account.start_url, oauth_flow="Pkce")
    rows = {
        "kirocli:odic:token": token,
        "kirocli:odic:device-registration": registration(account),
    }
    opened.append(write_database(tmp_path / KIRO_CLI, rows))
    assert (tmp_path / KIRO_CLI).with_name("data.sqlite3-wal").stat().st_size > 0
    is_answered(simulator, start, Login(account=account, region="eu-central-1"), binding)
    [(kept,)] = opened[0].execute("SELECT value FROM auth_kv WHERE key = 'kirocli:odic:token'")
    assert msgspec.json.decode(kept) == token, "a foreign database is left as it is"


@pytest.mark.parametrize("binding", ["rest", "json-1.0"])
def test_the_login_that_an_amazon_q_left_behind_serves(
    binding: str, simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    account = simulator.add_account("a", kind="builder-id")
    rows = {
        "codewhisperer:odic:token": row(account, start_url=account.start_url),
        "codewhisperer:odic:device-registration": registration(account),
    }
    write_database(tmp_path / AMAZON_Q, rows).close()
    is_answered(simulator, start, Login(account=account), binding)


def test_a_rotated_token_is_written_back_where_a_person_wants_that(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    account = simulator.add_account("a")
    path = write_ide(tmp_path, account, authMethod="social", provider="Google", theirs=[1])
    accounts = f'[[accounts]]\ntoken-file = "{path}"\nwrite-back = true\n'
    is_answered(simulator, start, Login(account=account, accounts=accounts), "rest")
    written = msgspec.json.decode(path.read_bytes())
    assert written["refreshToken"] == account.refresh_token
    assert written["accessToken"] == account.access_token
    assert (written["provider"], written["theirs"]) == ("Google", [1])
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_rotated_token_is_written_back_into_a_database_that_is_open(
    simulator: Simulator, start: Any, tmp_path: Path, opened: list[sqlite3.Connection]
) -> None:
    account = simulator.add_account("a")
    key = "kirocli:social:token"
    opened.append(write_database(tmp_path / KIRO_CLI, {key: row(account, provider="Github")}))
    accounts = f'[[accounts]]\ndatabase = "{tmp_path / KIRO_CLI}"\nwrite-back = true\n'
    is_answered(simulator, start, Login(account=account, accounts=accounts), "rest")
    with closing(opened[0].execute("SELECT value FROM auth_kv WHERE key = ?", (key,))) as rows:
        [(kept,)] = rows
    written = msgspec.json.decode(kept)
    assert written["refresh_token"] == account.refresh_token
    assert written["provider"] == "Github"


def test_a_token_that_the_ide_renewed_is_adopted_and_none_of_ours_spent_on_it(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    account = simulator.add_account("a")
    write_ide(tmp_path, account, authMethod="social", provider="Google")
    gateway = start(simulator, accounts="")
    with gateway.http() as http:
        assert http.post("/v1/chat/completions", json=ASK).status_code == 200
        assert account.refreshes == 1
        renew_as_the_ide_does(tmp_path, simulator)
        assert asyncio.run(at_once(gateway.url, 100)) == {200: 100}
    assert account.refreshes == 1, "the IDE's access token serves as it is"
    assert gateway.statuses()["account_1"]["state"] == "ready"


def renew_as_the_ide_does(home: Path, simulator: Simulator) -> None:
    """Rotate behind the gateway's back: its own tokens end, and new ones stand in the file."""
    [account] = simulator.accounts.values()
    account.expire_access()
    account.rotate("aorAAAAAG" + "renewed" * 20)
    account.grant_access("aoaAAAAAG" + "renewed" * 20, 4_000_000_000)
    write_ide(
        home,
        account,
        accessToken=account.access_token,
        expiresAt="2090-01-01T00:00:00.000Z",
        authMethod="social",
        provider="Google",
    )


async def at_once(url: str, count: int) -> dict[int, int]:
    """Ask so many questions at once and count the statuses."""
    headers = {"authorization": "Bearer ki2api-key-2024"}
    limits = httpx.Limits(max_connections=count)
    async with (
        httpx.AsyncClient(
            base_url=url, headers=headers, trust_env=False, timeout=60, limits=limits
        ) as http,
        asyncio.TaskGroup() as group,
    ):
        tasks = [
            group.create_task(http.post("/v1/chat/completions", json=ASK)) for _ in range(count)
        ]
        statuses = [(await task).status_code for task in tasks]
    return {status: statuses.count(status) for status in statuses}
