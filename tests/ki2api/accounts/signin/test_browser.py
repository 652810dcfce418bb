"""The pages of a login, and what a browser comes back with."""

import hashlib
from base64 import urlsafe_b64decode
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from ki2api.accounts.signin import browser
from ki2api.accounts.signin.exchange import LoginFailed
from pipeline.secret import Secret

CHALLENGE = browser.Challenge(Secret("verifier"), "state")
BASE = "http://localhost:3128"


def test_every_login_has_a_challenge_of_its_own() -> None:
    one, other = browser.new_challenge(), browser.new_challenge()

    assert one.state != other.state
    assert one.verifier != other.verifier
    assert 43 <= len(one.verifier.reveal()) <= 128
    digest = hashlib.sha256(one.verifier.reveal().encode()).digest()
    assert urlsafe_b64decode(one.hashed + "=") == digest
    assert one.verifier.reveal() not in repr(one)


def test_the_page_of_all_logins_is_told_where_to_come_back_to() -> None:
    url = urlsplit(browser.page_url("https://app.test/", CHALLENGE, BASE))

    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://app.test/signin"
    assert parse_qs(url.query) == {
        "state": ["state"],
        "code_challenge": [CHALLENGE.hashed],
        "code_challenge_method": ["S256"],
        "redirect_uri": [BASE],
        "redirect_from": ["KiroIDE"],
    }


def test_the_page_of_one_provider_comes_back_with_a_code() -> None:
    url = urlsplit(browser.provider_url("https://auth.test", "Github", CHALLENGE, BASE))

    assert url.path == "/login"
    assert parse_qs(url.query)["idp"] == ["Github"]
    assert parse_qs(url.query)["redirect_uri"] == [f"{BASE}/oauth/callback"]


@pytest.mark.parametrize(
    ("target", "redirect_uri"),
    [
        ("/oauth/callback?code=c&state=state", f"{BASE}/oauth/callback"),
        (
            "/oauth/callback?login_option=google&code=c&state=state",
            f"{BASE}/oauth/callback?login_option=google",
        ),
        (
            f"{BASE}/signin/callback?loginOption=Github&code=c&state=state",
            f"{BASE}/signin/callback?login_option=github",
        ),
    ],
)
def test_a_code_is_redeemed_with_the_address_it_was_brought_to(
    target: str, redirect_uri: str
) -> None:
    redirect = browser.read_redirect(target, "state")

    question = browser.exchange_question("https://auth.test", redirect, CHALLENGE, BASE)

    assert question.url == "https://auth.test/oauth/token"
    assert msgspec.json.decode(question.body.reveal()) == {
        "code": "c",
        "code_verifier": "verifier",
        "redirect_uri": redirect_uri,
    }


@pytest.mark.parametrize(
    ("option", "more", "start_url", "region"),
    [
        ("builderid", "", "https://view.awsapps.com/start", ""),
        (
            "awsidc",
            "&issuer_url=https%3A%2F%2Fme.test%2Fstart&idc_region=eu-west-1",
            "https://me.test/start",
            "eu-west-1",
        ),
        ("internal", "&issuer_url=https%3A%2F%2Fme.test%2Fstart", "https://me.test/start", ""),
    ],
)
def test_a_login_at_aws_is_chosen_without_a_code(
    option: str, more: str, start_url: str, region: str
) -> None:
    redirect = browser.read_redirect(
        f"/signin/callback?login_option={option}&state=state{more}", "state"
    )

    assert (redirect.start_url, redirect.region) == (start_url, region)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("code=c&state=other", "from another login"),
        ("code=c", "from another login"),
        ("", "from another login"),
        ("state=state&error=access_denied", "denied in the browser"),
        ("state=state&error=server_error", "reports server_error: start again"),
        ("state=state&error=%1B%5B31m", "reports an error: start again"),
        ("state=state", "without a code"),
        ("state=state&login_option=external_idp", "log in with the Kiro IDE"),
        ("state=state&login_option=awsidc", "use --start-url"),
        ("state=state&login_option=awsidc&issuer_url=http://me.test", "use --start-url"),
        (
            "state=state&login_option=awsidc&issuer_url=https://me.test&idc_region=evil.test",
            "use --start-url",
        ),
    ],
)
def test_a_browser_that_comes_back_with_nothing_ends_the_login(query: str, said: str) -> None:
    with pytest.raises(LoginFailed, match=said):
        browser.read_redirect(f"/oauth/callback?{query}", "state")


def test_an_address_is_told_from_any_other_text() -> None:
    assert browser.is_redirect(f"{BASE}/oauth/callback?code=c&state=s")
    assert browser.is_redirect("kiro://kiro.kiroAgent/authenticate-success?code=c&state=s")
    assert not browser.is_redirect("https://app.kiro.dev/account")
    assert not browser.is_redirect("hello")
