import asyncio
from typing import Any

import httpx
import pytest

from ki2api.accounts.account import Credential
from ki2api.accounts.refresh import NeedsLogin, Refresher, RefreshFailed, Tokens, read_answer
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio

ARN = "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL"
OIDC = Credential(
    "b", "oidc", Secret("seed"), client_id="id", client_secret=Secret("s"), region="eu-west-1"
)


def read(status: int, body: bytes, **headers: str) -> Tokens:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_answer(status, named, body, 1000.0)


async def test_a_social_login_asks_the_desktop_service(refresher: Refresher, service: Any) -> None:
    tokens = await refresher.refresh(Credential("a", "social", Secret("seed")), Secret("sent"))

    assert service.urls == ["https://auth.us-east-1.test/refreshToken"]
    assert service.asked == [{"refreshToken": "sent"}]
    assert tokens.access == Secret("access-1")
    assert tokens.refresh == Secret("sent+")


async def test_a_builder_id_login_asks_the_oidc_service_of_its_region(
    refresher: Refresher, service: Any
) -> None:
    await refresher.refresh(OIDC, Secret("sent"))

    assert service.urls == ["https://oidc.eu-west-1.test/token"]
    assert service.asked == [
        {
            "clientId": "id",
            "clientSecret": "s",
            "refreshToken": "sent",
            "grantType": "refresh_token",
        }
    ]


async def test_a_missing_client_secret_is_sent_as_empty(refresher: Refresher, service: Any) -> None:
    await refresher.refresh(Credential("b", "oidc", client_id="id"), Secret("sent"))

    assert service.asked[0]["clientSecret"] == ""


async def test_the_end_of_a_token_is_counted_from_when_it_was_asked_for(
    refresher: Refresher, service: Any, clock: Any
) -> None:
    service.answer = {"expiresIn": 900}

    tokens = await refresher.refresh(OIDC, Secret("sent"))

    assert tokens.expires_at == clock.now + 900


async def test_a_service_that_cannot_be_reached_is_a_transient_fault(
    refresher: Refresher, service: Any
) -> None:
    service.fault = httpx.ConnectError("no route for seed-token")

    with pytest.raises(RefreshFailed, match=r"cannot be reached \(ConnectError\)"):
        await refresher.refresh(OIDC, Secret("sent"))


async def test_a_service_that_does_not_answer_within_the_budget_is_given_up(
    service: Any, clock: Any
) -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    refresher = Refresher(
        httpx.AsyncClient(transport=Silent()), auth_url="https://a", oidc_url="https://o", budget=0
    )

    with pytest.raises(RefreshFailed, match="TimeoutError"):
        await refresher.refresh(OIDC, Secret("sent"))


async def test_a_redirect_is_not_followed(refresher: Refresher, service: Any) -> None:
    service.fault = httpx.Response(307, headers={"location": "https://evil.test/"})

    with pytest.raises(RefreshFailed, match="answered 307"):
        await refresher.refresh(OIDC, Secret("sent"))
    assert len(service.urls) == 1


@pytest.mark.parametrize("expires_in", ["", ',"expiresIn":0', ',"expiresIn":-5'])
def test_a_missing_or_impossible_lifetime_counts_as_an_hour(expires_in: str) -> None:
    assert read(200, b'{"accessToken":"t"%s}' % expires_in.encode()).expires_at == 4600


def test_a_lifetime_in_quotes_is_understood() -> None:
    assert read(200, b'{"accessToken":"t","expiresIn":"60"}').expires_at == 1060


def test_no_new_refresh_token_means_that_the_old_one_stays() -> None:
    assert read(200, b'{"accessToken":"t","refreshToken":""}').refresh is None


def test_a_profile_arn_is_taken_only_if_it_has_the_shape_of_one() -> None:
    given = read(200, b'{"accessToken":"t","profileArn":"%s"}' % ARN.encode())
    wrong = read(200, b'{"accessToken":"t","profileArn":"arn:evil"}')

    assert given.profile_arn == ARN
    assert wrong.profile_arn == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"accessToken":""}',
        b'{"accessToken":null}',
        b'{"accessToken":"\xff"}',
        b'{"accessToken":"a\\r\\nx-evil: 1"}',
        '{"accessToken":"ä"}'.encode(),
    ],
)
def test_a_200_without_a_usable_token_is_a_transient_fault(body: bytes) -> None:
    with pytest.raises(RefreshFailed, match="answered with"):
        read(200, body)


@pytest.mark.parametrize("status", [403, 404, 500, 502, 503, 504, 418])
def test_statuses_that_say_nothing_of_the_token_are_transient(status: int) -> None:
    with pytest.raises(RefreshFailed, match=f"answered {status}") as failed:
        read(status, b'{"error":"invalid_grant"}')
    assert not failed.value.told_to_wait


def test_a_429_is_transient_and_carries_its_pause() -> None:
    with pytest.raises(RefreshFailed) as failed:
        read(429, b"", retry_after="7")
    assert (failed.value.retry_after, failed.value.told_to_wait) == (7, True)


@pytest.mark.parametrize("text", ["soon", "-3", "٣", ""])
def test_a_pause_that_is_no_number_is_none(text: str) -> None:
    with pytest.raises(RefreshFailed) as failed:
        read(503, b"", retry_after=text)
    assert failed.value.retry_after is None


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        (b'{"error":"slow_down"}', ""),
        (b'{"__type":"ThrottlingException"}', ""),
        (b"{}", "TooManyRequestsException:http://x"),
    ],
)
def test_a_400_that_asks_for_a_slower_pace_is_transient(body: bytes, error_type: str) -> None:
    with pytest.raises(RefreshFailed) as failed:
        read(400, body, x_amzn_errortype=error_type)
    assert failed.value.told_to_wait


@pytest.mark.parametrize("body", [b"", b"<html>login to wifi</html>", b"[]", b'{"error":"\xff"}'])
def test_a_400_that_no_sign_in_service_wrote_is_transient(body: bytes) -> None:
    with pytest.raises(RefreshFailed, match="answered 400"):
        read(400, body)


@pytest.mark.parametrize(
    ("status", "body", "error_type", "reason"),
    [
        (400, b'{"message":"Invalid refresh token provided"}', "", "not valid any more"),
        (400, b'{"message":"Invalid","error":"invalid_grant"}', "", "not valid any more"),
        (401, b'{"message":"Bad credentials"}', "", "not valid any more"),
        (400, b"{}", "ExpiredTokenException", "not valid any more"),
        (400, b'{"error":"invalid_client","error_description":"x"}', "", "client registration"),
        (401, b'{"__type":"ExpiredClientException"}', "", "client registration"),
        (400, b'{"error":"invalid_request"}', "", "do not fit"),
    ],
)
def test_a_dead_token_needs_a_login(status: int, body: bytes, error_type: str, reason: str) -> None:
    with pytest.raises(NeedsLogin, match=reason):
        read(status, body, x_amzn_errortype=error_type)
