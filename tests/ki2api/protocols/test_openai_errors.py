"""Errors in OpenAI's words."""

import msgspec
import pytest

from ki2api import errors
from ki2api.errors import GatewayError
from ki2api.kiro.overflow import too_long
from ki2api.protocols.openai_errors import TABLE, encode_error


def test_every_error_has_a_row_of_its_own(raised_errors: set[type[GatewayError]]) -> None:
    assert raised_errors - TABLE.keys() == set()


def test_an_error_names_the_place_as_its_parameter() -> None:
    body = encode_error(errors.InvalidRequest("only one choice is supported", path="n"), "r")
    assert body.status == 400
    assert msgspec.json.decode(body.content) == {
        "error": {
            "message": "n: only one choice is supported",
            "type": "invalid_request_error",
            "param": "n",
            "code": "invalid_request",
        }
    }


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (errors.Unauthenticated("no"), 401, "invalid_request_error", "invalid_api_key"),
        (errors.ContextTooLong("no"), 400, "invalid_request_error", "context_length_exceeded"),
        (errors.ModelNotOffered("no"), 404, "invalid_request_error", "model_not_found"),
        (errors.QuotaSpent("no"), 429, "insufficient_quota", "insufficient_quota"),
        (errors.NoAccountLeft("no"), 429, "rate_limit_error", "rate_limit_exceeded"),
        (errors.AccountRefused("no"), 502, "api_error", "upstream_auth"),
        (errors.ModelOverloaded("no"), 503, "api_error", "server_is_overloaded"),
        (errors.Bug("no"), 500, "api_error", "internal_error"),
    ],
)
def test_statuses_types_and_codes_are_openais(
    error: GatewayError, status: int, kind: str, code: str
) -> None:
    body = encode_error(error, "r")
    told = msgspec.json.decode(body.content)["error"]
    assert (body.status, told["type"], told["code"]) == (status, kind, code)


def test_a_long_conversation_is_told_in_openais_words() -> None:
    error = too_long(9, 8)
    told = msgspec.json.decode(encode_error(error, "r").content)["error"]
    assert told["message"] == (
        "This model's maximum context length is 8 tokens. However, your messages resulted in"
        " 9 tokens. Please reduce the length of the messages."
    )
    assert told["code"] == "context_length_exceeded"


def test_a_long_conversation_whose_length_is_not_known_is_told_without_figures() -> None:
    for tokens in (None, 9):  # how many are possible is never known
        error = errors.ContextTooLong("So.")
        error.tokens = tokens
        told = msgspec.json.decode(encode_error(error, "r").content)["error"]
        assert told["message"] == "Your input exceeds the context window of this model. So."


def test_a_wait_is_told_in_whole_seconds() -> None:
    body = encode_error(errors.RateLimited("wait", retry_after=1.5), "r")
    assert body.headers == {"retry-after": "2"}
