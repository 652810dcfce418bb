import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ki2api.accounts.sources.auth_config import read_auth_config
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.search import Search
from pipeline.secret import Secret

SEED = '[{"refreshToken":"token1","name":"account1"},{"refreshToken":"token2","disabled":true}]'


def test_the_list_may_stand_in_the_variable(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    found = read_auth_config(searched({"KIRO_AUTH_CONFIG": f"  {SEED}\n"}))
    first, second = found.credentials

    assert found.place == "KIRO_AUTH_CONFIG"
    assert (first.name, first.kind, first.refresh_token) == ("account1", "social", Secret("token1"))
    assert (first.disabled, second.disabled) == (False, True)
    assert (first.region, first.profile_arn, first.source) == ("us-east-1", "", "KIRO_AUTH_CONFIG")


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_the_list_may_stand_in_a_file(
    searched: Callable[..., Search], tmp_path: Path, prefix: bytes
) -> None:
    path = tmp_path / "auth_config.json"
    path.write_bytes(prefix + SEED.encode())

    found = read_auth_config(searched({"KIRO_AUTH_CONFIG": str(path)}))

    assert found.place == f"KIRO_AUTH_CONFIG ({path})"
    assert len(found.credentials) == 2


def test_a_path_that_is_not_utf_8_is_told_in_text_that_is(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    path = tmp_path / os.fsdecode(b"\xff.json")
    path.write_text(SEED)

    found = read_auth_config(searched({"KIRO_AUTH_CONFIG": str(path)}))

    assert found.place.endswith("/\\udcff.json)")
    assert {each.source for each in found.credentials} == {found.place}


def test_a_path_may_start_in_the_home_folder(
    searched: Callable[..., Search], tmp_path: Path
) -> None:
    (tmp_path / "accounts").write_text(SEED)

    found = read_auth_config(searched({"KIRO_AUTH_CONFIG": "~/accounts"}))

    assert len(found.credentials) == 2


@pytest.mark.parametrize("environ", [{}, {"KIRO_AUTH_CONFIG": " "}])
def test_an_unset_variable_holds_nothing(
    searched: Callable[..., Search], environ: dict[str, str], tmp_path: Path
) -> None:
    assert read_auth_config(searched(environ)).credentials == ()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("{}", r"^KIRO_AUTH_CONFIG holds an account and no list: put \[ \] around it$"),
        ("[1]", r"^KIRO_AUTH_CONFIG, account 1: expected object, got int$"),
        ('[{"name":"x"}]', r"KIRO_AUTH_CONFIG, account 1: refreshToken is missing"),
        ('[{"refreshToken":""}]', r"account 1: refreshToken is missing"),
        ('[{"refreshToken":7}]', r"KIRO_AUTH_CONFIG, account 1: refreshToken: expected str"),
        ('[{"refreshToken":"a"},{"refreshToken":"a b"}]', "account 2: the refresh token holds"),
        (
            '[{"refreshToken":"a"},{"refreshToken":"b","weight":"2"},{"weight":0}]',
            r"^KIRO_AUTH_CONFIG, account 2: weight: .*int, got str; .*account 3: .* is missing; .*weight must",
        ),
        ('[\n{"refreshToken":"a"},\n]', "not JSON at line 3, column 1: mend it"),
        ('[{"refreshToken":"a"}', "not JSON at line 1, column 22: mend it"),
        ("/no/such.json", r"KIRO_AUTH_CONFIG \(/no/such.json\) is neither JSON nor the path"),
        ("/", "KIRO_AUTH_CONFIG cannot be read: Is a directory"),
    ],
)
def test_what_is_broken_is_named_with_its_place(
    searched: Callable[..., Search], tmp_path: Path, given: str, complaint: str
) -> None:
    with pytest.raises(AccountsUnreadable, match=complaint) as unreadable:
        read_auth_config(searched({"KIRO_AUTH_CONFIG": given}))
    assert "\n" not in str(unreadable.value)


def test_a_file_that_is_no_text_is_named(searched: Callable[..., Search], tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_bytes(b"\xff\xfe[\x00]\x00")

    with pytest.raises(AccountsUnreadable, match=r"accounts.json\) is not text in UTF-8"):
        read_auth_config(searched({"KIRO_AUTH_CONFIG": str(path)}))


@pytest.mark.parametrize("token", ["aor" + "x" * 60, "aor" + "x" * 600])
def test_a_token_in_place_of_the_path_is_not_shown(
    searched: Callable[..., Search], tmp_path: Path, token: str
) -> None:
    with pytest.raises(AccountsUnreadable) as unreadable:
        read_auth_config(searched({"KIRO_AUTH_CONFIG": token}))

    assert token not in str(unreadable.value)


def test_an_account_may_name_a_registration_of_the_ide(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide("abc123", clientId="id", clientSecret="secret")
    entry = {"refreshToken": "r", "authMethod": "IdC", "clientIdHash": "abc123"}
    given = msgspec.json.encode([entry]).decode()

    [credential] = read_auth_config(searched({"KIRO_AUTH_CONFIG": given})).credentials

    assert (credential.kind, credential.client_id) == ("oidc", "id")


def test_all_that_an_account_may_say_is_taken_over(searched: Callable[..., Search]) -> None:
    entry = {
        "refreshToken": "r",
        "clientId": "id",
        "clientSecret": "s",
        "startUrl": "https://d-1.awsapps.com/start",
        "provider": "Enterprise",
        "region": "eu-west-1",
        "apiRegion": "eu-central-1",
        "scopes": "codewhisperer:conversations",
        "weight": 3,
        "maxConcurrent": 2,
        "proxy": "http://me:word@proxy.example:3128",
        "issuerUrl": "https://of.the.ide",
    }
    given = msgspec.json.encode([entry]).decode()

    found = read_auth_config(searched({"KIRO_AUTH_CONFIG": given}))
    [credential] = found.credentials

    assert found.warnings == ()
    assert (credential.label, credential.region) == ("identity-center", "eu-west-1")
    assert (credential.api_region, credential.weight, credential.max_concurrent) == (
        "eu-central-1",
        3,
        2,
    )
    assert credential.proxy == Secret("http://me:word@proxy.example:3128")
    assert "word" not in repr(credential)


def test_an_unknown_key_is_warned_about_with_the_nearest_known_one(
    searched: Callable[..., Search],
) -> None:
    given = '[{"refreshToken":"r","profilArn":"x"},{"refreshToken":"s","colour":1}]'

    found = read_auth_config(searched({"KIRO_AUTH_CONFIG": given}))

    assert found.warnings == (
        'KIRO_AUTH_CONFIG, account 1 has "profilArn", which means nothing - did you mean "profileArn"?',
        'KIRO_AUTH_CONFIG, account 2 has "colour", which means nothing',
    )


def test_a_misspelt_token_is_named_beside_what_is_missing(searched: Callable[..., Search]) -> None:
    with pytest.raises(AccountsUnreadable) as unreadable:
        read_auth_config(searched({"KIRO_AUTH_CONFIG": '[{"refreshTokn":"hush"}]'}))

    assert str(unreadable.value) == (
        "KIRO_AUTH_CONFIG, account 1: refreshToken is missing; "
        'KIRO_AUTH_CONFIG, account 1 has "refreshTokn", which means nothing'
        ' - did you mean "refreshToken"?'
    )
