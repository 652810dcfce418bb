"""What errors tell clients about trying again."""

import math

import pytest

from ki2api import errors
from ki2api.errors import GatewayError
from ki2api.protocols.refusing import error_headers, row_of

NO_USE = {"x-should-retry": "false"}


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (errors.UpstreamUnavailable("down"), {}),
        (errors.RateLimited("wait", retry_after=0.0), {"retry-after": "1"}),
        (errors.RateLimited("wait", retry_after=1.2), {"retry-after": "2"}),
        (errors.RateLimited("wait", retry_after=60), {"retry-after": "60"}),
        (errors.RateLimited("wait", retry_after=60.1), NO_USE),
        (errors.RateLimited("wait", retry_after=math.inf), NO_USE),
        (errors.Overloaded("busy", retry_after=3), {"retry-after": "3"}),
        (errors.NoAccountLeft("all cooling", retry_after=7), {"retry-after": "7"}),
        (errors.NoAccountLeft("none comes back"), NO_USE),
        (errors.Unauthenticated("no key"), NO_USE),
        (errors.QuotaSpent("spent", retry_after=5), NO_USE),
        (errors.AccountSuspended("suspended"), NO_USE),
        (errors.EmptyReply("nothing came"), NO_USE),
        (errors.NoWebSocket("none here"), {"upgrade": "HTTP/1.1"}),
        (errors.WrongMethod("not so", allow="GET, HEAD"), {"allow": "GET, HEAD"}),
    ],
)
def test_headers_say_when_to_come_again(error: GatewayError, headers: dict[str, str]) -> None:
    assert error_headers(error) == headers


def test_an_error_of_a_foreign_class_is_told_as_the_nearest_one_above() -> None:
    class Moderated(errors.InvalidRequest):
        pass

    table = {GatewayError: 500, errors.InvalidRequest: 400}
    assert row_of(Moderated("no"), table) == 400
    assert row_of(errors.RateLimited("wait"), table) == 500
