"""Errors in OpenAI's words: one table from our classes to their statuses, types and codes."""

from collections.abc import Mapping

import msgspec

from ki2api import errors
from ki2api.errors import GatewayError
from ki2api.protocols import Body
from ki2api.protocols.refusing import error_headers, row_of

TABLE: Mapping[type[GatewayError], tuple[int, str, str]] = {
    GatewayError: (500, "api_error", "internal_error"),
    errors.Unauthenticated: (401, "invalid_request_error", "invalid_api_key"),
    errors.Forbidden: (403, "permission_error", "forbidden"),
    errors.InvalidRequest: (400, "invalid_request_error", "invalid_request"),
    errors.ThreadNotFound: (400, "invalid_request_error", "previous_response_not_found"),
    errors.BodyRefused: (400, "invalid_request_error", "invalid_request"),
    errors.ThoughtsRefused: (400, "invalid_request_error", "invalid_request"),
    errors.UnknownResponse: (404, "invalid_request_error", "response_not_found"),
    errors.RequestTooLarge: (413, "invalid_request_error", "request_too_large"),
    errors.HeadTooLarge: (431, "invalid_request_error", "headers_too_large"),
    errors.TooSlow: (408, "invalid_request_error", "request_timeout"),
    errors.UnsupportedMedia: (415, "invalid_request_error", "unsupported_media_type"),
    errors.ContextTooLong: (400, "invalid_request_error", "context_length_exceeded"),
    errors.UnknownRoute: (404, "invalid_request_error", "unknown_route"),
    errors.WrongMethod: (405, "invalid_request_error", "method_not_allowed"),
    # On this status alone Codex goes on by POST at once (0.171, 2026-11); others it tries 7 times.
    errors.NoWebSocket: (426, "invalid_request_error", "websocket_not_supported"),
    errors.UnknownAccount: (404, "invalid_request_error", "account_not_found"),
    errors.UnknownModel: (404, "invalid_request_error", "model_not_found"),
    errors.ModelNotOffered: (404, "invalid_request_error", "model_not_found"),
    # Never 401 or 403 for an account's troubles: the client's own key is fine.
    errors.TokenExpired: (502, "api_error", "upstream_auth"),
    errors.RateLimited: (429, "rate_limit_error", "rate_limit_exceeded"),
    errors.QuotaSpent: (429, "insufficient_quota", "insufficient_quota"),
    errors.AccountSuspended: (429, "rate_limit_error", "account_suspended"),
    errors.AccountRefused: (502, "api_error", "upstream_auth"),
    errors.ProfileRefused: (502, "api_error", "upstream_auth"),
    errors.UpstreamUnavailable: (502, "api_error", "upstream_unreachable"),
    errors.ModelOverloaded: (503, "api_error", "server_is_overloaded"),
    errors.UpstreamUntrusted: (502, "api_error", "upstream_tls"),
    errors.UpstreamTimeout: (504, "api_error", "upstream_timeout"),
    errors.UpstreamDisconnected: (502, "api_error", "upstream_disconnected"),
    errors.EmptyReply: (502, "api_error", "upstream_empty"),
    errors.InvalidReply: (502, "api_error", "invalid_reply"),
    errors.CallsSpent: (502, "api_error", "upstream_calls_spent"),
    errors.UpstreamGarbled: (502, "api_error", "upstream_protocol"),
    errors.UnknownOperation: (502, "api_error", "upstream_protocol"),
    errors.NoAccountLeft: (429, "rate_limit_error", "rate_limit_exceeded"),
    errors.NoSignIn: (503, "api_error", "upstream_unreachable"),
    errors.NoAccount: (503, "api_error", "no_account"),
    errors.Overloaded: (503, "api_error", "server_is_overloaded"),
    errors.NotReady: (503, "api_error", "not_ready"),
    errors.Bug: (500, "api_error", "internal_error"),
}


def encode_error(error: GatewayError, request_id: str) -> Body:  # noqa: ARG001 - it is in a header
    """Write an error as a whole answer."""
    status, *_ = row_of(error, TABLE)
    return Body(encode_error_object(error), status, error_headers(error))


def encode_error_object(error: GatewayError) -> bytes:
    """Write what both a whole answer and a stream say of an error."""
    return msgspec.json.encode({"error": error_object(error)})


def error_object(error: GatewayError) -> dict[str, str | None]:
    """Make OpenAI's error object."""
    _, kind, code = row_of(error, TABLE)
    return {"message": _message(error), "type": kind, "param": error.path, "code": code}


def _message(error: GatewayError) -> str:
    """Say what is wrong; a full context in OpenAI's own words, which clients look for."""
    if not isinstance(error, errors.ContextTooLong):
        return error.message
    if error.tokens is None or error.most is None:
        return f"Your input exceeds the context window of this model. {error.message}"
    return (
        f"This model's maximum context length is {error.most} tokens. However, your messages"
        f" resulted in {error.tokens} tokens. Please reduce the length of the messages."
    )
