"""What each refusal of Kiro means, as tables (docs/kiro.md §5.1, §5.2): the words of a fault.

The sentences are our own, since Kiro's name accounts and addresses.
"""

import msgspec

from ki2api import errors
from ki2api.errors import GatewayError

_HOUR, _MONTH = 3_600.0, 31 * 86_400.0
_DAY_SECONDS = 6 * 3600.0  # nobody reported when a day begins: four looks a day
_SUSPICION_SECONDS = 1_800.0
"""How long an account stays away that Kiro suspects (docs/kiro.md §10b)."""


class Ruling(msgspec.Struct, frozen=True):
    """What one kind of refusal means, and how long to wait: at least and at most, or no use."""

    error: type[GatewayError]
    detail: str
    least_wait: float | None = None
    longest_wait: float = _HOUR
    returns: bool = True

    def wait(self, asked: float | None) -> float | None:
        """Return the seconds to wait where Kiro asked for these."""
        if not self.returns:
            return None
        believed = None if asked is None else min(asked, self.longest_wait)
        return believed if self.least_wait is None else max(believed or 0.0, self.least_wait)


TOO_LONG = Ruling(errors.ContextTooLong, "The conversation does not fit into the model.")
BAD = Ruling(errors.InvalidRequest, "Kiro refused the request.")
BAD_BODY = Ruling(errors.BodyRefused, BAD.detail)
BAD_THOUGHTS = Ruling(errors.ThoughtsRefused, BAD.detail)
NO_MODEL = Ruling(errors.ModelNotOffered, "Kiro does not offer this model to the account.")
SPENT = Ruling(errors.QuotaSpent, "The account has used up its plan.", longest_wait=_MONTH)
SPENT_TODAY = Ruling(
    errors.QuotaSpent, "The account has used up its day.", _DAY_SECONDS, longest_wait=_MONTH
)
PAUSE = Ruling(errors.RateLimited, "Kiro asks the account to pause.")
BUSY = Ruling(errors.ModelOverloaded, "The model has no capacity at Kiro just now.")
DOWN = Ruling(errors.UpstreamUnavailable, "Kiro failed to answer.")
EXPIRED = Ruling(errors.TokenExpired, "Kiro refuses the access token of the account.")
DENIED = Ruling(errors.AccountRefused, "Kiro denies the account this call.")
NO_PROFILE = Ruling(errors.ProfileRefused, "Kiro wants a profile ARN for the account.")
WRONG_PROFILE = Ruling(
    errors.ProfileRefused, "Kiro does not let the account make this call with its profile."
)
SUSPENDED = Ruling(
    errors.AccountSuspended,
    "Kiro has suspended the account; its support can restore it.",
    returns=False,
)
SUSPECTED = Ruling(
    errors.AccountSuspended,
    "Kiro suspects the account and limits it.",
    _SUSPICION_SECONDS,
    longest_wait=_MONTH,
)
NOT_JSON = Ruling(errors.Bug, "Kiro could not read the request as JSON.")
NO_SUCH_CALL = Ruling(
    errors.UnknownOperation,
    "Kiro does not know this call at this address: check the host and region in the settings.",
)
NO_KIRO = Ruling(errors.UpstreamGarbled, "What answered does not speak like Kiro.")

REASONS = {
    "CONTENT_LENGTH_EXCEEDS_THRESHOLD": TOO_LONG,
    "PROMPT_TOO_LONG": TOO_LONG,
    "INVALID_MODEL_ID": NO_MODEL,
    "INVALID_CONVERSATION_ID": BAD,
    "REQUEST_BODY_INVALID": BAD_BODY,
    "REQUEST_BODY_INVALID_JSON": NOT_JSON,
    "THINKING_SIGNATURE_INVALID": BAD_THOUGHTS,
    "CONVERSATION_LIMIT_EXCEEDED": SPENT_TODAY,
    "DAILY_REQUEST_COUNT": SPENT_TODAY,
    "MONTHLY_REQUEST_COUNT": SPENT,
    "OVERAGE_REQUEST_LIMIT_EXCEEDED": SPENT,
    "FEATURE_NOT_SUPPORTED": DENIED,
    "UNAUTHORIZED_CUSTOMIZATION_RESOURCE_ACCESS": DENIED,
    "UNAUTHORIZED_WORKSPACE_CONTEXT_FEATURE_ACCESS": DENIED,
    "INVALID_KMS_GRANT": DENIED,
    "CUSTOMER_KMS_KEY_DISABLED": DENIED,
    "CUSTOMER_KMS_KEY_INVALID_KEY_POLICY": DENIED,
    "MISMATCHED_KMS_KEY": DENIED,
    "TEMPORARILY_SUSPENDED": SUSPENDED,
    "INSUFFICIENT_MODEL_CAPACITY": BUSY,
    "MODEL_TEMPORARILY_UNAVAILABLE": BUSY,
    "USER_REQUEST_RATE_EXCEEDED": PAUSE,
}
REASON_FAMILIES = ("TOOL_", "IMAGE_", "DOCUMENT_")

# Every fragment of a row must stand in the message, which is compared in lower case.
PHRASES: tuple[tuple[tuple[str, ...], Ruling], ...] = (
    (("suspended",), SUSPENDED),
    (("suspicious activity",), SUSPECTED),
    (("bearer token", "invalid"), EXPIRED),
    (("token", "expired"), EXPIRED),
    (("profilearn is required",), NO_PROFILE),
    (("not authorized to make this call",), WRONG_PROFILE),
    (("builder id is not supported",), DENIED),
    (("unknown operation",), NO_SUCH_CALL),
    (("input is too long",), TOO_LONG),
    (("length limit exceeded",), TOO_LONG),
    (("additionalmodelrequestfields",), BAD_BODY),
    (("improperly formed request",), BAD),
    (("invalid model",), NO_MODEL),
    (("invalid `signature` in `thinking`",), BAD_THOUGHTS),
    (("expected toolresult blocks",), BAD),
    (("reached the limit",), SPENT),
    (("high traffic",), BUSY),
    (("high volume of traffic",), BUSY),
    (("unexpectedly high load",), BUSY),
)

TYPES = {
    "ValidationException": BAD,
    "ContentLengthExceededException": TOO_LONG,
    "ServiceQuotaExceededException": SPENT,
    "ThrottlingException": PAUSE,
    "TooManyRequestsException": PAUSE,
    # A refusal without known words may be the token's: it is refreshed once, then the next account.
    "AccessDeniedException": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "UnrecognizedClientException": EXPIRED,
    "UnknownOperationException": NO_SUCH_CALL,
    "InternalServerException": DOWN,
    "InternalServerError": DOWN,
    "ServiceUnavailableException": BUSY,
    # The service model's own name of its one in-stream exception (§4.2).
    "error": DOWN,
}

STATUSES = {
    400: BAD,
    401: EXPIRED,
    402: SPENT,
    403: EXPIRED,
    404: NO_SUCH_CALL,
    405: NO_SUCH_CALL,
    408: DOWN,
    409: DENIED,
    413: TOO_LONG,
    429: PAUSE,
    503: BUSY,
    529: BUSY,
}
