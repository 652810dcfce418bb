import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ki2api.accounts.account import Origin
from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.search import Search
from ki2api.accounts.sources.token_file import open_to_others, read_token_file
from pipeline.secret import Secret

PLACE = "~/.aws/sso/cache/kiro-auth-token.json"
ARN = "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL"
ENTRA = "https://login.microsoftonline.com/tenant/oauth2/v2.0/token"


def write_profile(home: Path, content: bytes) -> None:
    path = home / ".config/Kiro/User/globalStorage/kiro.kiroagent/profile.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


def test_no_file_holds_nothing(searched: Callable[..., Search], tmp_path: Path) -> None:
    assert read_token_file(searched()).credentials == ()


def test_a_social_login_of_the_ide_is_read(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide(
        accessToken="a",
        refreshToken="r",
        profileArn=ARN,
        expiresAt="2025-12-31T02:32:45Z",
        authMethod="social",
        provider="Google",
        newField={"of": "tomorrow"},
    )

    found = read_token_file(searched())
    [credential] = found.credentials

    assert (found.place, found.warnings, credential.source) == (PLACE, (), PLACE)
    assert (credential.kind, credential.refresh_token) == ("social", Secret("r"))
    assert (credential.access_token, credential.expires_at) == (Secret("a"), 1_767_148_365)
    assert credential.profile_arn == ARN


def test_an_idc_login_is_read_with_its_registration(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide("0a1b", clientId="id", clientSecret="secret", expiresAt="2026-01-01T00:00:00Z")
    ide(refreshToken="r", authMethod="IdC", clientIdHash="0a1b", region="eu-west-1")

    [credential] = read_token_file(searched()).credentials

    assert (credential.kind, credential.region) == ("oidc", "eu-west-1")
    assert (credential.client_id, credential.client_secret) == ("id", Secret("secret"))


def test_a_client_that_stands_in_the_file_needs_no_registration(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide(refreshToken="r", clientIdHash="0a1b", clientId="id", clientSecret="s")

    assert read_token_file(searched()).credentials[0].client_id == "id"


@pytest.mark.parametrize("client_id_hash", ["0a1b", "../../secret"])
def test_a_registration_that_is_not_there_is_named(
    searched: Callable[..., Search], ide: Callable[..., Path], client_id_hash: str
) -> None:
    ide(refreshToken="r", authMethod="IdC", clientIdHash=client_id_hash)

    with pytest.raises(AccountsUnreadable, match=r"0a1b.json.* is missing|is not a hash"):
        read_token_file(searched())


def test_a_broken_registration_is_named(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide("0a1b", clientId="id")
    ide(refreshToken="r", authMethod="IdC", clientIdHash="0a1b")

    with pytest.raises(
        AccountsUnreadable, match=r"0a1b.json: clientSecret is missing: log in with the Kiro"
    ):
        read_token_file(searched())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"accessToken": "a"}, "refreshToken is missing"),
        ({"refreshToken": "r", "authMethod": "IdC"}, "client registration is missing"),
    ],
)
def test_a_file_that_lacks_something_is_named(
    searched: Callable[..., Search],
    ide: Callable[..., Path],
    content: dict[str, str],
    complaint: str,
) -> None:
    ide(**content)

    with pytest.raises(AccountsUnreadable, match=complaint):
        read_token_file(searched())


def test_a_file_open_to_others_is_warned_about_and_left_alone(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    path = ide(refreshToken="r") / ".aws/sso/cache/kiro-auth-token.json"
    path.chmod(0o644)

    assert "chmod 600" in read_token_file(searched()).warnings[0]
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_external_login_is_read_with_its_scopes_in_a_list(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide(
        refreshToken="r",
        authMethod="external_idp",
        provider="ExternalIdp",
        tokenEndpoint=ENTRA,
        issuerUrl="https://login.microsoftonline.com/t/v2.0",
        clientId="app",
        scopes=["openid", "offline_access"],
    )

    [credential] = read_token_file(searched()).credentials

    assert (credential.kind, credential.label) == ("external-idp", "external-idp")
    assert (credential.token_endpoint, credential.client_id) == (ENTRA, "app")
    assert credential.scopes == "openid offline_access"


def test_the_region_of_the_identity_center_signs_in(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide(
        refreshToken="r",
        authMethod="IdC",
        provider="Enterprise",
        startUrl="https://d-1.awsapps.com/start",
        region="us-east-1",
        idcRegion="eu-north-1",
        clientId="id",
        clientSecret="s",
    )

    [credential] = read_token_file(searched()).credentials

    assert (credential.region, credential.label) == ("eu-north-1", "identity-center")
    assert (credential.provider, credential.start_url) == (
        "Enterprise",
        "https://d-1.awsapps.com/start",
    )


def test_the_file_is_the_origin_and_is_not_to_be_written(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    path = ide(refreshToken="r") / ".aws/sso/cache/kiro-auth-token.json"

    assert read_token_file(searched()).credentials[0].origin == Origin(path)


def test_a_login_under_another_name_is_found_the_newest_first(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    for age, name in enumerate(("newer", "older")):
        path = ide(name, refreshToken=name, authMethod="social") / f".aws/sso/cache/{name}.json"
        os.utime(path, (1000 - age, 1000 - age))

    found = read_token_file(searched())

    assert found.place == "~/.aws/sso/cache/newer.json"
    assert found.credentials[0].refresh_token == Secret("newer")


def test_what_the_aws_command_line_keeps_beside_it_is_no_login_to_kiro(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide("botocore", refreshToken="r", clientId="id", clientSecret="s", startUrl="https://x")
    ide("registration", clientId="id", clientSecret="s")
    broken = ide("list") / ".aws/sso/cache/broken.json"
    broken.write_bytes(b"\xff{")
    broken.with_name("dangling.json").symlink_to("nowhere")

    search = searched()

    assert read_token_file(search).credentials == ()
    assert broken.parent in search.files


def test_a_file_that_is_gone_again_is_not_warned_about(tmp_path: Path) -> None:
    assert open_to_others(tmp_path / "gone.json", "PLACE") == ()


def test_a_login_that_says_social_needs_no_registration(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    ide(refreshToken="r", authMethod="social", clientIdHash="0a1b")

    assert read_token_file(searched()).credentials[0].kind == "social"


@pytest.mark.parametrize(
    ("provider", "arn"), [("Enterprise", ARN), ("Internal", ARN), ("BuilderId", "")]
)
def test_the_profile_of_the_ide_is_taken_for_an_enterprise_login_without_one(
    searched: Callable[..., Search], ide: Callable[..., Path], provider: str, arn: str
) -> None:
    home = ide(refreshToken="r", provider=provider, clientId="id", clientSecret="s")
    write_profile(home, msgspec.json.encode({"arn": ARN, "name": "work"}))

    assert read_token_file(searched()).credentials[0].profile_arn == arn


def test_a_profile_that_the_login_names_itself_wins(
    searched: Callable[..., Search], ide: Callable[..., Path]
) -> None:
    own = ARN.replace("ABC", "OWN")
    home = ide(
        refreshToken="r", provider="Enterprise", clientId="i", clientSecret="s", profileArn=own
    )
    write_profile(home, msgspec.json.encode({"arn": ARN}))

    assert read_token_file(searched()).credentials[0].profile_arn == own


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"arn":"arn:evil"}', b"[]"])
def test_a_profile_that_cannot_be_read_is_done_without(
    searched: Callable[..., Search], ide: Callable[..., Path], content: bytes
) -> None:
    home = ide(refreshToken="r", provider="Enterprise", clientId="id", clientSecret="s")
    write_profile(home, content)

    assert read_token_file(searched()).credentials[0].profile_arn == ""
