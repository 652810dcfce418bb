"""Errors in Anthropic's words."""

import re
from typing import Any

import anthropic
import httpx2
import msgspec
import pytest
from anthropic.types import ThreadNotFoundError

from ki2api import errors
from ki2api.conversation import Conversation
from ki2api.errors import GatewayError
from ki2api.kiro.overflow import too_long
from ki2api.protocols import Delivery
from ki2api.protocols.anthropic.encode import AnthropicEncoder
from ki2api.protocols.anthropic.errors import TABLE, encode_error


def said(error: GatewayError) -> Any:
    return msgspec.json.decode(encode_error(error, "req_1").content)


def test_every_error_has_a_row_of_its_own(raised_errors: set[type[GatewayError]]) -> None:
    assert raised_errors - TABLE.keys() == set()


def test_an_error_is_told_with_its_place_and_the_requests_id() -> None:
    body = encode_error(errors.InvalidRequest("Field required", path="max_tokens"), "req_1")
    assert body.status == 400
    assert body.media_type == "application/json"
    assert msgspec.json.decode(body.content) == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "max_tokens: Field required"},
        "request_id": "req_1",
    }


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (errors.Unauthenticated("no"), 401, "authentication_error"),
        (errors.UnknownModel("no"), 404, "not_found_error"),
        (errors.RequestTooLarge("no"), 413, "request_too_large"),
        (errors.RateLimited("no"), 429, "rate_limit_error"),
        (errors.TokenExpired("no"), 502, "api_error"),
        (errors.UpstreamTimeout("no"), 504, "timeout_error"),
        (errors.ModelOverloaded("no"), 529, "overloaded_error"),
        (errors.Overloaded("no"), 529, "overloaded_error"),
    ],
)
def test_statuses_and_types_are_anthropics(error: GatewayError, status: int, kind: str) -> None:
    assert encode_error(error, "r").status == status
    assert said(error)["error"]["type"] == kind


def test_a_spent_quota_is_not_tried_again() -> None:
    body = encode_error(errors.QuotaSpent("spent"), "r")
    assert body.headers == {"x-should-retry": "false"}


# What Claude Code looks for (2.1.332): that it is too long, and how much.
TOO_LONG = re.compile(r"prompt is too long", re.IGNORECASE)
FIGURES = re.compile(r"^prompt is too long: (\d+) tokens > (\d+) maximum$")


def test_a_long_conversation_is_told_in_the_words_that_claude_code_knows() -> None:
    told = said(too_long(9, 8))["error"]["message"]
    figures = FIGURES.match(told)
    assert figures
    assert figures.groups() == ("9", "8")
    assert AnthropicEncoder(Conversation("m", ()), Delivery("x", "m", 0)).fail(too_long(9, 8)) == (
        b'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error",'
        b'"message":"prompt is too long: 9 tokens > 8 maximum"}}\n\n'
    )


def test_a_long_conversation_whose_length_is_not_known_is_told_without_figures() -> None:
    for detail in ("It does not fit.", "prompt is too long: It does not fit."):
        error = errors.ContextTooLong(detail)
        error.tokens = 9  # how many are possible is not known
        told = said(error)["error"]["message"]
        assert told == "prompt is too long: It does not fit."
        assert TOO_LONG.search(told)


def test_a_lost_thread_is_told_so_that_the_sdk_sends_its_history() -> None:
    error = errors.ThreadNotFound("not kept", path="thread")
    assert encode_error(error, "r").status == 404
    assert said(error)["error"] == {
        "type": "not_found_error",
        "message": "thread: not kept",
        "details": {"error_code": "thread_not_found"},
    }


def test_the_sdk_knows_a_lost_thread_by_its_code() -> None:
    body = encode_error(errors.ThreadNotFound("not kept", path="thread"), "r")

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(body.status, content=body.content)

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as http,
        anthropic.Anthropic(api_key="k", base_url="http://ki2api", http_client=http) as client,
        pytest.raises(ThreadNotFoundError),
    ):
        client.messages.create(
            model="claude-x", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
        )
