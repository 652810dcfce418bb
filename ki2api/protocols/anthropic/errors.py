"""Errors in Anthropic's words: one table from our classes to their statuses and types."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ki2api import errors
from ki2api.errors import GatewayError
from ki2api.protocols import Body
from ki2api.protocols.refusing import error_headers, row_of

TABLE: Mapping[type[GatewayError], tuple[int, str]] = {
    GatewayError: (500, "api_error"),
    errors.Unauthenticated: (401, "authentication_error"),
    errors.Forbidden: (403, "permission_error"),
    errors.InvalidRequest: (400, "invalid_request_error"),
    errors.ThreadNotFound: (404, "not_found_error"),
    errors.BodyRefused: (400, "invalid_request_error"),
    errors.ThoughtsRefused: (400, "invalid_request_error"),
    errors.UnknownResponse: (404, "not_found_error"),
    errors.RequestTooLarge: (413, "request_too_large"),
    errors.HeadTooLarge: (431, "invalid_request_error"),
    errors.TooSlow: (408, "invalid_request_error"),
    errors.UnsupportedMedia: (415, "invalid_request_error"),
    errors.ContextTooLong: (400, "invalid_request_error"),
    errors.UnknownRoute: (404, "not_found_error"),
    errors.WrongMethod: (405, "invalid_request_error"),
    errors.NoWebSocket: (426, "invalid_request_error"),
    errors.UnknownAccount: (404, "not_found_error"),
    errors.UnknownModel: (404, "not_found_error"),
    errors.ModelNotOffered: (404, "not_found_error"),
    # Never 401 or 403 for an account's troubles: the client's own key is fine, and Claude Code
    # would ask its user to log in anew.
    errors.TokenExpired: (502, "api_error"),
    errors.RateLimited: (429, "rate_limit_error"),
    errors.QuotaSpent: (429, "rate_limit_error"),
    errors.AccountSuspended: (429, "rate_limit_error"),
    errors.AccountRefused: (502, "api_error"),
    errors.ProfileRefused: (502, "api_error"),
    errors.UpstreamUnavailable: (502, "api_error"),
    errors.ModelOverloaded: (529, "overloaded_error"),
    errors.UpstreamUntrusted: (502, "api_error"),
    errors.UpstreamTimeout: (504, "timeout_error"),
    errors.UpstreamDisconnected: (502, "api_error"),
    errors.EmptyReply: (502, "api_error"),
    errors.InvalidReply: (502, "api_error"),
    errors.CallsSpent: (502, "api_error"),
    errors.UpstreamGarbled: (502, "api_error"),
    errors.UnknownOperation: (502, "api_error"),
    errors.NoAccountLeft: (429, "rate_limit_error"),
    errors.NoSignIn: (503, "api_error"),
    errors.NoAccount: (503, "api_error"),
    errors.Overloaded: (529, "overloaded_error"),
    errors.NotReady: (503, "api_error"),
    errors.Bug: (500, "api_error"),
}

# Claude Code compacts its conversation on these words (docs/usage.md, read in 2.1.332).
_TOO_LONG = "prompt is too long"


def encode_error(error: GatewayError, request_id: str) -> Body:
    """Write an error as a whole answer."""
    status, _ = row_of(error, TABLE)
    body = {**error_object(error), "request_id": request_id}
    return Body(msgspec.json.encode(body), status, error_headers(error))


def error_object(error: GatewayError) -> dict[str, Any]:
    """Make what both a whole answer and a stream say of an error."""
    _, kind = row_of(error, TABLE)
    said: dict[str, Any] = {"type": kind, "message": _message(error)}
    if isinstance(error, errors.ThreadNotFound):
        # On this code the official SDK sends its whole history anew (anthropic 2.12).
        said["details"] = {"error_code": error.code}
    return {"type": "error", "error": said}


def _message(error: GatewayError) -> str:
    if not isinstance(error, errors.ContextTooLong):
        return error.message
    if error.tokens is not None and error.most is not None:
        # The figures are read too, in just this form: they tell how much must go.
        return f"{_TOO_LONG}: {error.tokens} tokens > {error.most} maximum"
    return f"{_TOO_LONG}: {error.message.removeprefix(f'{_TOO_LONG}: ')}"
