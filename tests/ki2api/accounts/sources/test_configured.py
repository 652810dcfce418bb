from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ki2api.accounts.account import AccountConfig, Credential, Origin
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.configured import read_configured
from ki2api.accounts.sources.search import Search
from pipeline.secret import Secret

ARN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"
CACHE = "~/.aws/sso/cache"
FILE = f"{CACHE}/kiro-auth-token.json"
TOKEN = {"access_token": "a", "refresh_token": "r"}


@pytest.fixture
def read(searched: Callable[..., Search]) -> Callable[..., Credential]:
    """Read one table; its folder is that of the settings file."""

    def account(folder: Path = Path(), **table: Any) -> Credential:
        search = searched(configured=[AccountConfig(**table)], folder=folder)
        return read_configured(search).credentials[0]

    return account


def test_no_tables_hold_nothing(searched: Callable[..., Search]) -> None:
    assert read_configured(searched()).credentials == ()


def test_each_table_is_an_account_in_the_order_of_the_file(
    searched: Callable[..., Search],
) -> None:
    social = AccountConfig(name="s", refresh_token=Secret(" r1\n"), max_concurrent=4)
    key = AccountConfig(api_key=Secret("ksk_1"), disabled=True)
    builder = AccountConfig(
        refresh_token=Secret("r3"),
        client_id="id",
        client_secret=Secret("s"),
        region="eu-west-1",
        profile_arn=ARN,
    )

    first, second, third = read_configured(searched(configured=[social, key, builder])).credentials

    assert (first.kind, first.refresh_token, first.max_concurrent) == ("social", Secret("r1"), 4)
    assert (second.kind, second.api_key, second.disabled) == ("api-key", Secret("ksk_1"), True)
    assert (third.kind, third.client_id, third.client_secret) == ("oidc", "id", Secret("s"))
    assert (third.region, third.profile_arn) == ("eu-west-1", ARN)
    assert (third.source, third.origin) == ("[[accounts]] 3", None)


def test_all_that_a_table_may_say_is_taken_over(searched: Callable[..., Search]) -> None:
    table = AccountConfig(
        refresh_token=Secret("r"),
        client_id="app",
        token_endpoint="http://127.0.0.1:4711/token",
        scopes="a  b",
        api_region="eu-central-1",
        weight=3,
        proxy=Secret("http://proxy:3128"),
    )

    search = searched(configured=[table], trusted=("http://127.0.0.1:4711",))
    [credential] = read_configured(search).credentials

    assert (credential.kind, credential.scopes) == ("external-idp", "a b")
    assert (credential.region, credential.api_region) == ("us-east-1", "eu-central-1")
    assert (credential.weight, credential.proxy) == (3, Secret("http://proxy:3128"))


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"name": "x"}, "refresh-token, api-key, token-file or database is missing"),
        ({"refresh_token": Secret(" ")}, "refresh-token is missing"),
        (
            {"refresh_token": Secret("r"), "token_file": "x.json"},
            "refresh-token and token-file are two accounts: split",
        ),
        ({"api_key": Secret("ksk_1"), "database": "x"}, "api-key and database are two accounts"),
        (
            {"refresh_token": Secret("r"), "write_back": True},
            "write-back is for a token-file or a database: remove it",
        ),
        ({"token_file": "~/no.json"}, "~/no.json is no token file: mend the path, or log in"),
        ({"database": "~/no.sqlite3"}, "~/no.sqlite3 is no login in a database: mend the path"),
        ({"refresh_token": Secret("r"), "weight": 0}, "the weight must be 1 or more"),
        ({"refresh_token": Secret("r"), "start_url": "https://x"}, "registration is missing"),
    ],
)
def test_what_cannot_be_meant_is_named_by_the_number_of_its_table(
    searched: Callable[..., Search], table: dict[str, Any], complaint: str
) -> None:
    tables = [AccountConfig(api_key=Secret("ksk_1")), AccountConfig(**table)]

    with pytest.raises(AccountsUnreadable) as unreadable:
        read_configured(searched(configured=tables))

    assert str(unreadable.value).startswith("[[accounts]] 2: ")
    assert complaint in str(unreadable.value)


@pytest.mark.parametrize("write_back", [True, False])
def test_a_table_may_name_a_token_file(
    read: Callable[..., Credential], ide: Callable[..., Path], *, write_back: bool
) -> None:
    home = ide(refreshToken="r", accessToken="a", provider="Google", expiresAt="2030-01-01T00:00Z")

    credential = read(name="me", token_file=FILE, write_back=write_back)

    assert (credential.name, credential.kind) == ("me", "social")
    assert (credential.refresh_token, credential.access_token) == (Secret("r"), Secret("a"))
    assert (credential.provider, credential.expires_at) == ("Google", 1893456000)
    assert credential.source == f"[[accounts]] 1 ({FILE})"
    path = home / ".aws/sso/cache/kiro-auth-token.json"
    assert credential.origin == Origin(path, write_back=write_back)


def test_a_relative_path_is_looked_up_from_the_folder_of_the_settings(
    read: Callable[..., Credential], ide: Callable[..., Path], tmp_path: Path
) -> None:
    ide("mine", refreshToken="r")

    credential = read(folder=tmp_path / ".aws", token_file="sso/cache/mine.json")

    assert credential.refresh_token == Secret("r")


def test_what_the_table_says_wins_over_the_file(
    read: Callable[..., Credential], ide: Callable[..., Path]
) -> None:
    ide(
        refreshToken="r",
        clientId="theirs",
        clientSecret="s",
        region="eu-west-1",
        idcRegion="eu-west-2",
        profileArn=ARN,
    )

    credential = read(token_file=FILE, client_id="mine", region="eu-north-1")

    assert (credential.client_id, credential.client_secret) == ("mine", Secret("s"))
    assert (credential.region, credential.profile_arn) == ("eu-north-1", ARN)


@pytest.mark.parametrize("folder", ["elsewhere", ".aws/sso/cache"])
def test_a_registration_lies_beside_the_token_file_or_in_the_cache(
    read: Callable[..., Credential], ide: Callable[..., Path], tmp_path: Path, folder: str
) -> None:
    ide("0a1b", clientId="id", clientSecret="s")
    moved = tmp_path / folder / "0a1b.json"
    moved.parent.mkdir(exist_ok=True, parents=True)
    (tmp_path / ".aws/sso/cache/0a1b.json").rename(moved)
    ide("token", refreshToken="r", authMethod="IdC", clientIdHash="0a1b")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (tmp_path / ".aws/sso/cache/token.json").rename(elsewhere / "token.json")

    credential = read(token_file="~/elsewhere/token.json")

    assert (credential.kind, credential.client_id) == ("oidc", "id")


def test_a_registration_of_the_tables_own_needs_none_of_the_ide(
    read: Callable[..., Credential], ide: Callable[..., Path]
) -> None:
    ide(refreshToken="r", authMethod="IdC", clientIdHash="0a1b")

    credential = read(token_file=FILE, client_id="id", client_secret=Secret("s"))

    assert (credential.kind, credential.client_id) == ("oidc", "id")


def test_a_registration_that_is_not_there_is_named(
    read: Callable[..., Credential], ide: Callable[..., Path]
) -> None:
    ide(refreshToken="r", authMethod="IdC", clientIdHash="0a1b")

    with pytest.raises(AccountsUnreadable) as unreadable:
        read(token_file=FILE)

    assert str(unreadable.value) == (
        f"[[accounts]] 1: the client registration {CACHE}/0a1b.json is missing: "
        "log in with the Kiro IDE again"
    )


def test_a_token_file_that_is_open_to_others_is_warned_about(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    (ide(refreshToken="r") / ".aws/sso/cache/kiro-auth-token.json").chmod(0o644)

    found = read_configured(searched(configured=[AccountConfig(token_file=FILE)]))

    assert found.warnings == (
        f"[[accounts]] 1: {FILE} can be read by others on this machine: chmod 600 it",
    )


def test_a_token_file_that_is_no_json_is_named_with_its_table(
    read: Callable[..., Credential], tmp_path: Path
) -> None:
    (tmp_path / "half.json").write_text('{"refreshToken":')

    with pytest.raises(AccountsUnreadable) as unreadable:
        read(token_file="~/half.json")

    assert str(unreadable.value) == (
        "[[accounts]] 1: ~/half.json is not JSON at line 1, column 17: "
        "log in with the Kiro IDE again, or mend the path"
    )


def test_a_table_may_name_a_database(
    read: Callable[..., Credential], database: Callable[..., Path]
) -> None:
    path = database({"kirocli:social:token": TOKEN}, path=Path("copy.sqlite3"))

    credential = read(name="cli", database="~/copy.sqlite3", write_back=True, weight=2)

    assert (credential.name, credential.kind, credential.weight) == ("cli", "social", 2)
    assert credential.refresh_token == Secret("r")
    assert credential.source == "[[accounts]] 1 (~/copy.sqlite3)"
    assert credential.origin == Origin(path, "kirocli:social:token", write_back=True)


def test_all_faults_of_all_tables_are_told_at_once_with_their_keys(
    searched: Callable[..., Search],
) -> None:
    tables = [
        AccountConfig(refresh_token=Secret("r"), weight=0, region="Berlin", proxy=Secret("x")),
        AccountConfig(name="n", api_region="x", write_back=True),
        AccountConfig(token_file="~/no.json", start_url="https://x", profile_arn="x"),
        AccountConfig(api_key=Secret("ksk_1"), database="x"),
    ]

    with pytest.raises(AccountsUnreadable) as unreadable:
        read_configured(searched(configured=tables))

    assert [each.path for each in unreadable.value.complaints] == [
        "accounts[0].weight",
        "accounts[0].region",
        "accounts[0].proxy",
        "accounts[1]",
        "accounts[1].write-back",
        "accounts[1].api-region",
        "accounts[2].token-file",
        "accounts[2].profile-arn",
        "accounts[3].database",
    ]
