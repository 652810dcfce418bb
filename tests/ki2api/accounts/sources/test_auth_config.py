from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ki2api.accounts.sources.auth_config import read_auth_config
from ki2api.accounts.sources.reading import AccountsUnreadable
from pipeline.secret import Secret

SEED = '[{"refreshToken":"token1","name":"account1"},{"refreshToken":"token2","disabled":true}]'


def test_the_list_may_stand_in_the_variable(tmp_path: Path) -> None:
    found = read_auth_config({"KIRO_AUTH_CONFIG": f"  {SEED}\n"}, tmp_path)
    first, second = found.credentials

    assert found.place == "KIRO_AUTH_CONFIG"
    assert (first.name, first.kind, first.refresh_token) == ("account1", "social", Secret("token1"))
    assert (first.disabled, second.disabled) == (False, True)
    assert (first.region, first.profile_arn, first.source) == ("us-east-1", "", "KIRO_AUTH_CONFIG")


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_the_list_may_stand_in_a_file(tmp_path: Path, prefix: bytes) -> None:
    path = tmp_path / "auth_config.json"
    path.write_bytes(prefix + SEED.encode())

    found = read_auth_config({"KIRO_AUTH_CONFIG": str(path)}, tmp_path)

    assert found.place == f"KIRO_AUTH_CONFIG ({path})"
    assert len(found.credentials) == 2


def test_a_path_may_start_in_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / "accounts").write_text(SEED)

    found = read_auth_config({"KIRO_AUTH_CONFIG": "~/accounts"}, tmp_path)

    assert len(found.credentials) == 2


@pytest.mark.parametrize("environ", [{}, {"KIRO_AUTH_CONFIG": " "}])
def test_an_unset_variable_holds_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    assert read_auth_config(environ, tmp_path).credentials == ()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("{}", r"KIRO_AUTH_CONFIG: Expected `array`, got `object`"),
        ("[1]", r"KIRO_AUTH_CONFIG: Expected `object`, got `int` - at `\$\[0\]`"),
        ('[{"name":"x"}]', r"KIRO_AUTH_CONFIG, account 1: refreshToken is missing"),
        ('[{"refreshToken":""}]', r"account 1: refreshToken is missing"),
        ('[{"refreshToken":7}]', r"Expected `str` - at `\$\[0\].refreshToken`"),
        ('[{"refreshToken":"a"},{"refreshToken":"a b"}]', "account 2: the refresh token holds"),
        ('[\n{"refreshToken":"a"},\n]', "not JSON at line 3: mend it"),
        ('[{"refreshToken":"a"}', "not JSON at line 1: mend it"),
        ("/no/such.json", r"KIRO_AUTH_CONFIG \(/no/such.json\) is neither JSON nor the path"),
        ("/", "KIRO_AUTH_CONFIG cannot be read: Is a directory"),
    ],
)
def test_what_is_broken_is_named_with_its_place(tmp_path: Path, given: str, complaint: str) -> None:
    with pytest.raises(AccountsUnreadable, match=complaint) as unreadable:
        read_auth_config({"KIRO_AUTH_CONFIG": given}, tmp_path)
    assert "\n" not in str(unreadable.value)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_bytes(b"\xff\xfe[\x00]\x00")

    with pytest.raises(AccountsUnreadable, match=r"accounts.json\) is not text in UTF-8"):
        read_auth_config({"KIRO_AUTH_CONFIG": str(path)}, tmp_path)


@pytest.mark.parametrize("token", ["aor" + "x" * 60, "aor" + "x" * 600])
def test_a_token_in_place_of_the_path_is_not_shown(tmp_path: Path, token: str) -> None:
    with pytest.raises(AccountsUnreadable) as unreadable:
        read_auth_config({"KIRO_AUTH_CONFIG": token}, tmp_path)

    assert token not in str(unreadable.value)


def test_an_account_may_name_a_registration_of_the_ide(ide: Callable[..., Path]) -> None:
    home = ide("abc123", clientId="id", clientSecret="secret")
    entry = {"refreshToken": "r", "authMethod": "IdC", "clientIdHash": "abc123"}
    given = msgspec.json.encode([entry]).decode()

    [credential] = read_auth_config({"KIRO_AUTH_CONFIG": given}, home).credentials

    assert (credential.kind, credential.client_id) == ("oidc", "id")
