"""What sign-in services answer, in every spelling that was reported."""

from collections.abc import Callable

import pytest

from ki2api.accounts.signin import NeedsLogin, RefreshFailed
from ki2api.accounts.signin.answers import read_tokens
from ki2api.accounts.signin.exchange import Answer
from pipeline.secret import Secret

ARN = "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL"
NOON = 1_763_812_800.0
Make = Callable[..., Answer]


@pytest.mark.parametrize("expires_in", ["", ',"expiresIn":0', ',"expiresIn":-5'])
def test_a_missing_or_impossible_lifetime_counts_as_an_hour(answer: Make, expires_in: str) -> None:
    body = b'{"accessToken":"t"%s}' % expires_in.encode()

    assert read_tokens(answer(200, body)).expires_at == NOON + 3600


def test_a_lifetime_in_quotes_is_understood(answer: Make) -> None:
    tokens = read_tokens(answer(200, b'{"accessToken":"t","expiresIn":"60"}'))

    assert tokens.expires_at == NOON + 60


@pytest.mark.parametrize("lifetime", ["1e300", "1e12", "86401", '"inf"'])
def test_a_lifetime_is_believed_for_a_day_at_most(answer: Make, lifetime: str) -> None:
    body = f'{{"accessToken":"t","expiresIn":{lifetime}}}'.encode()

    assert read_tokens(answer(200, body)).expires_at == NOON + 86_400


@pytest.mark.parametrize("lifetime", ['"nan"', '"-inf"', "-1e300", "1e400", "9" * 400, "{}", '"x"'])
def test_a_lifetime_that_is_none_spoils_no_token(answer: Make, lifetime: str) -> None:
    body = f'{{"accessToken":"t","refreshToken":"r","expiresIn":{lifetime}}}'.encode()
    tokens = read_tokens(answer(200, body))

    assert (tokens.refresh, tokens.expires_at) == (Secret("r"), NOON + 3600)


@pytest.mark.parametrize(
    "access", ["", ',"accessToken":null', ',"accessToken":5', ',"accessToken":"a\\u0000"']
)
def test_a_rotated_token_is_not_lost_with_an_access_token_that_is_none(
    answer: Make, access: str
) -> None:
    with pytest.raises(RefreshFailed) as failed:
        read_tokens(answer(200, f'{{"refreshToken":"rotated"{access}}}'.encode()))
    assert failed.value.rotated == Secret("rotated")


@pytest.mark.parametrize("status", [200, 400, 401, 503])
@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"error":' + b"[" * 200_000])
def test_an_answer_without_a_bottom_is_a_transient_fault(
    answer: Make, status: int, body: bytes
) -> None:
    with pytest.raises(RefreshFailed):
        read_tokens(answer(status, body))


def test_no_new_refresh_token_means_that_the_old_one_stays(answer: Make) -> None:
    assert read_tokens(answer(200, b'{"accessToken":"t","refreshToken":""}')).refresh is None


def test_a_profile_arn_is_taken_only_if_it_has_the_shape_of_one(answer: Make) -> None:
    body = b'{"accessToken":"t","profileArn":"%s"}'

    assert read_tokens(answer(200, body % ARN.encode())).profile_arn == ARN
    assert read_tokens(answer(200, body % b"arn:evil")).profile_arn == ""


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
def test_a_200_without_a_usable_token_is_a_transient_fault(answer: Make, body: bytes) -> None:
    with pytest.raises(RefreshFailed, match="answered with"):
        read_tokens(answer(200, body))


def test_each_service_is_read_in_its_own_spelling(answer: Make) -> None:
    with pytest.raises(RefreshFailed, match="without a token"):
        read_tokens(answer(200, b'{"accessToken":"t"}'), snake=True)
    with pytest.raises(RefreshFailed, match="without a token"):
        read_tokens(answer(200, b'{"access_token":"t"}'))


@pytest.mark.parametrize("status", [307, 403, 404, 418, 500, 502, 503, 504])
def test_statuses_that_say_nothing_of_the_token_are_transient(answer: Make, status: int) -> None:
    with pytest.raises(RefreshFailed, match=f"answered {status}") as failed:
        read_tokens(answer(status, b'{"error":"invalid_grant"}'))
    assert not failed.value.told_to_wait


def test_a_429_is_transient_and_carries_its_pause(answer: Make) -> None:
    with pytest.raises(RefreshFailed) as failed:
        read_tokens(answer(429, b"", {"retry-after": "7"}))
    assert (failed.value.retry_after, failed.value.told_to_wait) == (7, True)


@pytest.mark.parametrize("text", ["3601", "99999999999", "9" * 400])
def test_a_pause_is_believed_for_an_hour_at_most(answer: Make, text: str) -> None:
    for status in (429, 503):
        with pytest.raises(RefreshFailed) as failed:
            read_tokens(answer(status, b"", {"retry-after": text}))
        assert failed.value.retry_after == 3600


@pytest.mark.parametrize("text", ["soon", "-3", "٣", ""])
def test_a_pause_that_is_no_number_is_none(answer: Make, text: str) -> None:
    with pytest.raises(RefreshFailed) as failed:
        read_tokens(answer(503, b"", {"retry-after": text}))
    assert failed.value.retry_after is None


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        (b'{"error":"slow_down"}', ""),
        (b'{"__type":"ThrottlingException"}', ""),
        (b"{}", "TooManyRequestsException:http://x"),
        (b'{"error":"temporarily_unavailable"}', ""),
    ],
)
def test_a_400_that_asks_for_a_slower_pace_is_transient(
    answer: Make, body: bytes, error_type: str
) -> None:
    with pytest.raises(RefreshFailed) as failed:
        read_tokens(answer(400, body, {"x-amzn-errortype": error_type, "retry-after": "9"}))
    assert (failed.value.retry_after, failed.value.told_to_wait) == (9, True)


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Invalid refresh token? Log in to the wifi</html>",
        b"[]",
        b'{"error":"\xff"}',
        b"{}",
        b'{"message":"Client certificate required by proxy"}',
        b'{"message":"Bad Request"}',
        b'{"error":"proxy_authentication_required"}',
    ],
)
def test_no_account_is_lost_to_words_that_no_sign_in_service_says(
    answer: Make, status: int, body: bytes
) -> None:
    with pytest.raises(RefreshFailed, match=f"answered {status}"):
        read_tokens(answer(status, body))


@pytest.mark.parametrize(
    ("status", "body", "error_type", "reason"),
    [
        (400, b'{"message":"Invalid refresh token provided"}', "", "not valid any more"),
        (400, b'{"message":"Invalid","error":"invalid_grant"}', "", "not valid any more"),
        (401, b'{"message":"Bad credentials"}', "", "not valid any more"),
        (400, b"{}", "ExpiredTokenException", "not valid any more"),
        (400, b'{"__type":"com.amazon#InvalidTokenException"}', "", "not valid any more"),
        (400, b'{"error":"interaction_required"}', "", "not valid any more"),
        (400, b'{"error":"invalid_client","error_description":"x"}', "", "log in again"),
        (401, b'{"__type":"ExpiredClientException"}', "", "client registration"),
        (400, b'{"error":"invalid_request"}', "", "do not fit"),
        (400, b"{}", "InvalidRequestException", "do not fit"),
    ],
)
def test_a_dead_token_needs_a_login(
    answer: Make, status: int, body: bytes, error_type: str, reason: str
) -> None:
    with pytest.raises(NeedsLogin, match=reason):
        read_tokens(answer(status, body, {"x-amzn-errortype": error_type}))
