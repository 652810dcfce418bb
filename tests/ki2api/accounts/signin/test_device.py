"""The steps of a login by code, each as a question and the reading of its answer."""

from collections.abc import Callable

import pytest

from ki2api.accounts.signin import device
from ki2api.accounts.signin.exchange import Answer, Granted, LoginFailed
from pipeline.secret import Secret

NOON = 1_763_812_800.0
CLIENT = device.Registration("id", Secret("hush"))
Make = Callable[..., Answer]


def test_a_client_is_registered_for_the_two_grants_of_this_login() -> None:
    question = device.registration_question("https://oidc.test")

    assert question.url == "https://oidc.test/client/register"
    assert '"grantTypes":["urn:ietf:params:oauth:grant-type:device_code","refresh_token"]' in (
        question.body.reveal()
    )


def test_the_code_is_asked_for_at_a_start_url() -> None:
    question = device.authorization_question("https://oidc.test", CLIENT, "https://me.test/start")

    assert question.url == "https://oidc.test/device_authorization"
    assert question.body.reveal() == (
        '{"clientId":"id","clientSecret":"hush","startUrl":"https://me.test/start"}'
    )
    assert "hush" not in repr(question)


def test_the_page_has_the_code_filled_in_where_the_service_does_that(answer: Make) -> None:
    body = (
        b'{"deviceCode":"d","userCode":"AB-CD","verificationUri":"https://v"%s,"expiresIn":600,'
        b'"interval":1}'
    )
    bare = device.read_authorization(answer(200, body % b""))
    filled = device.read_authorization(
        answer(200, body % b',"verificationUriComplete":"https://v?c=AB-CD"')
    )

    assert (bare.page, filled.page) == ("https://v", "https://v?c=AB-CD")
    assert (filled.interval, filled.expires_in) == (1.0, 600.0)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"clientId":"\xff"}'])
def test_an_answer_that_cannot_be_understood_ends_the_login(answer: Make, body: bytes) -> None:
    with pytest.raises(LoginFailed, match="cannot be understood"):
        device.read_registration(answer(200, body))


def test_a_refusal_is_told_in_known_words_only(answer: Make) -> None:
    with pytest.raises(LoginFailed) as known:
        device.read_registration(answer(400, b'{"error":"invalid_request","x":"<secret>"}'))
    with pytest.raises(LoginFailed) as unknown:
        device.read_registration(answer(403, b"<secret>"))

    assert str(known.value) == "the sign-in service answered 400 invalid_request"
    assert str(unknown.value) == "the sign-in service answered 403"


def test_the_tokens_of_a_login_are_read(answer: Make) -> None:
    body = b'{"accessToken":"a","refreshToken":"r","expiresIn":60}'

    assert device.read_poll(answer(200, body)) == Granted(Secret("a"), Secret("r"), NOON + 60)


@pytest.mark.parametrize(
    ("status", "body", "slower"),
    [
        (400, b'{"error":"authorization_pending"}', 0.0),
        (400, b'{"error":"slow_down"}', 5.0),
        (429, b"", 5.0),
        (503, b"<html>", 5.0),
    ],
)
def test_patience_is_asked_for_in_several_ways(
    answer: Make, status: int, body: bytes, slower: float
) -> None:
    assert device.read_poll(answer(status, body)) == slower


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, b'{"error":"expired_token"}', "the code has expired"),
        (400, b'{"error":"access_denied"}', "denied in the browser"),
        (400, b'{"error":"invalid_grant"}', "answered 400 invalid_grant"),
        (200, b'{"accessToken":"a"}', "no refresh token"),
        (200, b"{}", "answered without a token"),
    ],
)
def test_what_ends_the_waiting_is_said(answer: Make, status: int, body: bytes, said: str) -> None:
    with pytest.raises(LoginFailed, match=said):
        device.read_poll(answer(status, body))
