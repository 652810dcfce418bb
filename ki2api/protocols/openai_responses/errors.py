"""How a response tells why it failed."""

from ki2api.errors import GatewayError
from ki2api.protocols.openai_errors import error_object

# Codex gives up on these, or waits; what it does not know it tries again (0.171, 2026-11).
_KNOWN = frozenset(
    {
        "context_length_exceeded",
        "insufficient_quota",
        "rate_limit_exceeded",
        "server_is_overloaded",
    }
)


def told_in_response(error: GatewayError) -> dict[str, str | None]:
    """Make the error of a failed response: one of the few codes that clients know there."""
    said = error_object(error)
    code = said["code"]
    if code not in _KNOWN:
        code = "invalid_prompt" if said["type"] == "invalid_request_error" else "server_error"
    return {"code": code, "message": said["message"]}
