from typing import Any

import pytest

from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.credential import make_credential
from ki2api.accounts.sources.entry import Entry
from pipeline.secret import Secret


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"client_id": "id"}, "the client secret is missing"),
        ({"kiro_api_key": Secret("ksk_1")}, "are two accounts"),
        ({"kiro_api_key": Secret("ksk_1"), "refresh_token": Secret("ksk_2")}, "are two accounts"),
        ({"region": "evil.example/"}, "the region must be like"),
        ({"api_region": "evil.example/"}, "the API region must be like"),
        ({"profile_arn": "arn:evil"}, "profile ARN must be like"),
        ({"max_concurrent": 0}, "must be 1 or more"),
        ({"weight": 0}, "the weight must be 1 or more"),
        ({"proxy": Secret("socks5://x")}, "the proxy must be like"),
        ({"name": "a\nb"}, "name is too long or not printable"),
        ({"name": "n" * 65}, "name is too long or not printable"),
        ({"access_token": Secret("a\nb")}, "access token holds spaces"),
        ({"refresh_token": Secret("ä")}, "refresh token holds spaces"),
        ({"refresh_token": None}, "refreshToken is missing"),
        ({"token_endpoint": "https://evil.example/", "client_id": "id"}, "must be an https"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(
    more: dict[str, Any], complaint: str
) -> None:
    entry = Entry(**({"refresh_token": Secret("r")} | more))

    with pytest.raises(AccountsUnreadable, match=f"^PLACE.*{complaint}"):
        make_credential(entry, "PLACE", "source", wanted="refreshToken")


def test_an_api_key_in_the_place_of_the_token_is_understood() -> None:
    credential = make_credential(Entry(refresh_token=Secret("ksk_1")), "PLACE", "source")

    assert (credential.kind, credential.api_key) == ("api-key", Secret("ksk_1"))
    assert credential.refresh_token is None


def test_a_login_through_another_provider_needs_no_secret_of_a_client() -> None:
    entry = Entry(
        refresh_token=Secret("r"),
        token_endpoint="http://127.0.0.1:4711/token",
        client_id="app",
        scopes=["a", "b"],
    )

    credential = make_credential(entry, "PLACE", "source", trusted=("http://127.0.0.1:4711",))

    assert (credential.kind, credential.client_secret) == ("external-idp", None)
    assert (credential.token_endpoint, credential.scopes) == ("http://127.0.0.1:4711/token", "a b")
