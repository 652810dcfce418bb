"""Refusals in the words that were reported (docs/kiro.md §5.2).

Where no report has all the words (the tail of the capacity sentence, a missing token, an unknown
operation, the daily limit), they are ours.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

_SUSPENDED = (
    "Your User ID (d-9067000000.sim) temporarily is suspended. We've locked your account as a"
    " security precaution. To restore access, please contact our support team to verify your"
    " identity: https://aws.amazon.com/contact-us/"
)
_SUSPICIOUS = (
    "Due to suspicious activity, we are imposing temporary limits on how frequently your account"
    " (d-9067000000.sim) can send a request to Kiro while we investigate."
)
_CAPACITY = "I am experiencing high traffic. Please try again shortly, or pick a different model."
_HIGH_LOAD = "Encountered unexpectedly high load when processing the request, please try again."
_VALIDATION, _ACCESS = "ValidationException", "AccessDeniedException"
_QUOTA, _THROTTLING = "ServiceQuotaExceededException", "ThrottlingException"
_INTERNAL = "InternalServerException"
JSON_10 = "application/x-amz-json-1.0"


class Words(Struct, frozen=True):
    """One kind of refusal: status, exception type, message and reason."""

    status: int
    type: str
    message: str
    reason: str | UnsetType | None = None


REFUSALS: Mapping[str, Words] = {
    "improper": Words(400, _VALIDATION, "Improperly formed request."),
    "not-json": Words(
        400, _VALIDATION, "The request body is not valid JSON.", "REQUEST_BODY_INVALID_JSON"
    ),
    "too-long": Words(400, _VALIDATION, "Input is too long.", "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
    "invalid-model": Words(
        400,
        _VALIDATION,
        "Invalid model. Please select a different model to continue.",
        "INVALID_MODEL_ID",
    ),
    "profile-required": Words(400, _VALIDATION, "profileArn is required for this request.", UNSET),
    "no-token": Words(401, _ACCESS, "Missing Authentication Token", UNSET),
    "spent": Words(402, _QUOTA, "You have reached the limit.", "MONTHLY_REQUEST_COUNT"),
    "overages-spent": Words(
        402, _QUOTA, "You have reached the limit for overages.", "OVERAGE_REQUEST_LIMIT_EXCEEDED"
    ),
    "invalid-token": Words(403, _ACCESS, "The bearer token included in the request is invalid."),
    "not-authorized": Words(403, _ACCESS, "User is not authorized to make this call."),
    "suspended": Words(403, _ACCESS, _SUSPENDED),
    "builder-id": Words(403, _ACCESS, "AWS Builder ID is not supported for this operation.", UNSET),
    "unknown-operation": Words(404, "UnknownOperationException", "Unknown operation.", UNSET),
    "throttled": Words(429, _THROTTLING, "Too many requests, please wait before trying again."),
    "rate": Words(
        429,
        _THROTTLING,
        "Too many requests, please wait before trying again.",
        "USER_REQUEST_RATE_EXCEEDED",
    ),
    "daily": Words(429, _THROTTLING, "You have reached the limit.", "DAILY_REQUEST_COUNT"),
    "capacity": Words(429, _THROTTLING, _CAPACITY, "INSUFFICIENT_MODEL_CAPACITY"),
    "suspicious": Words(429, _THROTTLING, _SUSPICIOUS),
    "overloaded": Words(500, _INTERNAL, _HIGH_LOAD, "MODEL_TEMPORARILY_UNAVAILABLE"),
    "unexpected": Words(
        500,
        _INTERNAL,
        "Encountered an unexpected error when processing the request, please try again.",
    ),
    "unavailable": Words(
        503,
        "ServiceUnavailableException",
        "The service is temporarily unavailable. Please try again later.",
        UNSET,
    ),
}
"""Every refusal that was reported, by a short name."""
_TYPES = {
    400: _VALIDATION,
    401: _ACCESS,
    402: _QUOTA,
    403: _ACCESS,
    404: "ResourceNotFoundException",
    409: "ConflictException",
    429: _THROTTLING,
    503: "ServiceUnavailableException",
}


def words_for(status: int, reason: str | None) -> Words:
    """Find the words of a refusal by its reason, else by its status."""
    known = [words for words in REFUSALS.values() if words.status == status]
    for words in known:
        if words.reason == reason:
            return words
    message = known[0].message if known else "The request failed."
    return Words(status, _TYPES.get(status, _INTERNAL), message, reason)


class Refusal(Exception):
    """The service says no. `rule` names what was broken; it never stands in the body."""

    def __init__(
        self, words: Words, *, rules: tuple[str, ...] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(words.message)
        self.words = words
        self.rules = rules
        self.extra = dict(headers or {})

    @property
    def marked(self) -> Mapping[str, str]:
        """The side header that tells a test which rule was broken first."""
        return {"x-simulator-rule": self.rules[0]} if self.rules else {}

    def headers(self, content_type: str) -> dict[str, str]:
        """Give the headers of the answer."""
        return {
            "content-type": content_type,
            "x-amzn-errortype": self.words.type,
            **self.extra,
            **self.marked,
        }

    def body(self, content_type: str) -> bytes:
        """Give the answer's body; the JSON-1.0 binding names the type in it too."""
        members: dict[str, Any] = {"message": self.words.message, "reason": self.words.reason}
        if content_type == JSON_10:
            members["__type"] = f"com.amazon.aws.codewhisperer#{self.words.type}"
        return msgspec.json.encode({k: v for k, v in members.items() if v is not UNSET})


def refusal(name: str, *, rule: str = "", headers: Mapping[str, str] | None = None) -> Refusal:
    """Make a refusal by its name in the table; its rule is that name unless told."""
    return Refusal(REFUSALS[name], rules=(rule or name,), headers=headers)
