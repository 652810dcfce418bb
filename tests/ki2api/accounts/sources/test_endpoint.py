import pytest

from ki2api.accounts.sources.complaints import AccountsUnreadable
from ki2api.accounts.sources.endpoint import checked_token_endpoint

OWN = ("https://oidc.{region}.amazonaws.com", "http://127.0.0.1:4711/")


@pytest.mark.parametrize(
    "url",
    [
        "https://login.microsoftonline.com/0a1b-2c/oauth2/v2.0/token",
        "https://login.microsoftonline.com:443/tenant/oauth2/v2.0/token",
        "https://login.microsoftonline.us/tenant/oauth2/v2.0/token",
        "https://login.partner.microsoftonline.cn/tenant/oauth2/v2.0/token",
        "https://example.okta.com/oauth2/default/v1/token",
        "https://dev-1.oktapreview.com/oauth2/v1/token",
        "https://example.okta-emea.com/oauth2/v1/token",
        "http://127.0.0.1:4711/external/token",
    ],
)
def test_a_token_may_go_to_known_providers_and_to_what_a_person_set(url: str) -> None:
    assert checked_token_endpoint(url, "PLACE", OWN) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "login.microsoftonline.com/token",
        "http://login.microsoftonline.com/token",
        "ftp://login.microsoftonline.com/token",
        "https://login.microsoftonline.com:8443/token",
        "https://login.microsoftonline.com.evil.example/token",
        "https://evil.example/login.microsoftonline.com",
        "https://evil.example#login.microsoftonline.com",
        "https://evil.example?.okta.com",
        "https://login.microsoftonline.com@evil.example/token",
        "https://evil.example\\@login.microsoftonline.com/token",
        "https://me:word@login.microsoftonline.com/token",
        "https://evil.example\n.okta.com/token",
        "https://okta.com/token",
        "https://evilokta.com/token",
        "https://exämple.okta.com/token",
        "https://20.190.128.1/token",
        "https://2130706433/token",
        "https://[::1]/token",
        "https://localhost/token",
        "http://127.0.0.1:4712/token",
        "https://127.0.0.1:4711/token",
        "http://localhost:4711/token",
        "https://oidc.{region}.amazonaws.com/token",
        "https://oidc.us-east-1.amazonaws.com/token",
    ],
)
def test_a_token_goes_nowhere_else(url: str) -> None:
    with pytest.raises(AccountsUnreadable, match=r"^PLACE: the token endpoint must be an https"):
        checked_token_endpoint(url, "PLACE", OWN)


def test_a_machine_of_ones_own_is_believed_only_where_the_settings_name_it() -> None:
    with pytest.raises(AccountsUnreadable, match="tokens are sent to no other"):
        checked_token_endpoint("http://127.0.0.1:4711/token", "PLACE")
