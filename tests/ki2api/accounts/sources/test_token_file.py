from collections.abc import Callable
from pathlib import Path

import pytest

from ki2api.accounts.sources.reading import AccountsUnreadable
from ki2api.accounts.sources.token_file import read_token_file
from pipeline.secret import Secret

PLACE = "~/.aws/sso/cache/kiro-auth-token.json"
ARN = "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL"


def test_no_file_holds_nothing(tmp_path: Path) -> None:
    assert read_token_file(tmp_path).credentials == ()


def test_a_social_login_of_the_ide_is_read(ide: Callable[..., Path]) -> None:
    home = ide(
        accessToken="a",
        refreshToken="r",
        profileArn=ARN,
        expiresAt="2025-12-31T02:32:45Z",
        authMethod="social",
        provider="Google",
        newField={"of": "tomorrow"},
    )

    found = read_token_file(home)
    [credential] = found.credentials

    assert (found.place, found.warnings, credential.source) == (PLACE, (), PLACE)
    assert (credential.kind, credential.refresh_token) == ("social", Secret("r"))
    assert (credential.access_token, credential.expires_at) == (Secret("a"), 1_767_148_365)
    assert credential.profile_arn == ARN


def test_an_idc_login_is_read_with_its_registration(ide: Callable[..., Path]) -> None:
    ide("0a1b", clientId="id", clientSecret="secret", expiresAt="2026-01-01T00:00:00Z")
    home = ide(refreshToken="r", authMethod="IdC", clientIdHash="0a1b", region="eu-west-1")

    [credential] = read_token_file(home).credentials

    assert (credential.kind, credential.region) == ("oidc", "eu-west-1")
    assert (credential.client_id, credential.client_secret) == ("id", Secret("secret"))


def test_a_client_that_stands_in_the_file_needs_no_registration(ide: Callable[..., Path]) -> None:
    home = ide(refreshToken="r", clientIdHash="0a1b", clientId="id", clientSecret="s")

    assert read_token_file(home).credentials[0].client_id == "id"


@pytest.mark.parametrize("client_id_hash", ["0a1b", "../../secret"])
def test_a_registration_that_is_not_there_is_named(
    ide: Callable[..., Path], client_id_hash: str
) -> None:
    home = ide(refreshToken="r", authMethod="IdC", clientIdHash=client_id_hash)

    with pytest.raises(AccountsUnreadable, match=r"0a1b.json.* is missing|is not a hash"):
        read_token_file(home)


def test_a_broken_registration_is_named(ide: Callable[..., Path]) -> None:
    ide("0a1b", clientId="id")
    home = ide(refreshToken="r", authMethod="IdC", clientIdHash="0a1b")

    with pytest.raises(AccountsUnreadable, match=r"0a1b.json.* missing required field"):
        read_token_file(home)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"accessToken": "a"}, "refreshToken is missing"),
        ({"refreshToken": "r", "authMethod": "IdC"}, "client registration is missing"),
    ],
)
def test_a_file_that_lacks_something_is_named(
    ide: Callable[..., Path], content: dict[str, str], complaint: str
) -> None:
    with pytest.raises(AccountsUnreadable, match=complaint):
        read_token_file(ide(**content))


def test_a_file_open_to_others_is_warned_about_and_left_alone(ide: Callable[..., Path]) -> None:
    home = ide(refreshToken="r")
    path = home / ".aws/sso/cache/kiro-auth-token.json"
    path.chmod(0o644)

    assert "chmod 600" in read_token_file(home).warnings[0]
    assert path.stat().st_mode & 0o777 == 0o644
