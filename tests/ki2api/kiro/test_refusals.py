from typing import Any

import msgspec
import pytest

from ki2api import errors
from ki2api.errors import GatewayError
from ki2api.kiro.framing import Frame
from ki2api.kiro.refusals import document_refusal, frame_refusal, refusal

SUSPENDED = "Your User ID (d-1234567890.abcdef12-3456-7890-abcd-ef1234567890) temporarily is suspended. We've locked your account as a security precaution. To restore access, please contact our support team to verify your identity: https://aws.amazon.com/contact-us/"
SUSPECTED = "Due to suspicious activity, we are imposing temporary limits on how frequently your account (d-1234567890) can send a request to Kiro while we investigate."


def refused(status: int, headers: dict[str, str] | None = None, **body: Any) -> GatewayError:
    return refusal(status, headers or {}, msgspec.json.encode(body))


# The bodies of docs/kiro.md §5.2.
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"message": "Improperly formed request.", "reason": None}, errors.InvalidRequest),
        (
            400,
            {"message": "Improperly formed request.", "reason": "REQUEST_BODY_INVALID"},
            errors.BodyRefused,
        ),
        (
            400,
            {"message": "Input is too long.", "reason": "CONTENT_LENGTH_EXCEEDS_THRESHOLD"},
            errors.ContextTooLong,
        ),
        (400, {"message": "Input is too long."}, errors.ContextTooLong),
        (400, {"reason": "PROMPT_TOO_LONG"}, errors.ContextTooLong),
        (
            400,
            {
                "message": "Invalid model. Please select a different model to continue.",
                "reason": "INVALID_MODEL_ID",
            },
            errors.ModelNotOffered,
        ),
        (
            400,
            {"message": "Invalid model ID. Please select a different model to continue."},
            errors.ModelNotOffered,
        ),
        (400, {"message": "profileArn is required for this request."}, errors.ProfileRefused),
        (
            400,
            {
                "message": "The request body is not valid JSON.",
                "reason": "REQUEST_BODY_INVALID_JSON",
            },
            errors.Bug,
        ),
        (
            400,
            {
                "__type": "ValidationException",
                "message": "input_schema does not support oneOf",
                "reason": "TOOL_SCHEMA_INVALID",
            },
            errors.InvalidRequest,
        ),
        (
            400,
            {"message": "… Expected toolResult blocks …", "reason": "TOOL_USE_RESULT_MISMATCH"},
            errors.InvalidRequest,
        ),
        (
            500,
            {"message": "… Expected toolResult blocks …", "reason": "TOOL_USE_RESULT_MISMATCH"},
            errors.InvalidRequest,
        ),
        (
            400,
            {"message": "messages.27.content.0: Invalid `signature` in `thinking` block"},
            errors.ThoughtsRefused,
        ),
        (400, {"reason": "THINKING_SIGNATURE_INVALID"}, errors.ThoughtsRefused),
        (
            400,
            {"message": "additionalModelRequestFields is not supported for this model."},
            errors.BodyRefused,
        ),
        (400, {"reason": "IMAGE_MIME_MISMATCH"}, errors.InvalidRequest),
        (400, {"reason": "DOCUMENT_SIZE_EXCEEDED"}, errors.InvalidRequest),
        (
            400,
            {
                "error": {
                    "code": "validation_error",
                    "message": "Failed to buffer the request body: length limit exceeded",
                }
            },
            errors.ContextTooLong,
        ),
        (
            400,
            {
                "message": "monthly",
                "__type": "com.amazon.aws.codewhisperer#ThrottlingException",
                "reason": "MONTHLY_REQUEST_COUNT",
            },
            errors.QuotaSpent,
        ),
        (401, {}, errors.TokenExpired),
        (401, {"__type": "AccessDeniedException"}, errors.TokenExpired),
        (
            402,
            {"message": "You have reached the limit.", "reason": "MONTHLY_REQUEST_COUNT"},
            errors.QuotaSpent,
        ),
        (402, {"message": "You have reached the limit for overages."}, errors.QuotaSpent),
        (402, {}, errors.QuotaSpent),
        (
            403,
            {"message": "The bearer token included in the request is invalid.", "reason": None},
            errors.TokenExpired,
        ),
        (
            403,
            {"message": "The security token included in the request is expired"},
            errors.TokenExpired,
        ),
        (403, {"__type": "ExpiredTokenException"}, errors.TokenExpired),
        (
            403,
            {"message": "User is not authorized to make this call.", "reason": None},
            errors.ProfileRefused,
        ),
        (
            403,
            {
                "message": "AWS Builder ID is not supported for this operation.",
                "__type": "AccessDeniedException",
            },
            errors.AccountRefused,
        ),
        (403, {"message": SUSPENDED, "reason": None}, errors.AccountSuspended),
        (403, {"reason": "TEMPORARILY_SUSPENDED"}, errors.AccountSuspended),
        (403, {}, errors.TokenExpired),
        (409, {"reason": "MISMATCHED_KMS_KEY"}, errors.AccountRefused),
        (413, {}, errors.ContextTooLong),
        (
            429,
            {"message": "Too many requests, please wait before trying again.", "reason": None},
            errors.RateLimited,
        ),
        (429, {"reason": "USER_REQUEST_RATE_EXCEEDED"}, errors.RateLimited),
        (429, {"reason": "INSUFFICIENT_MODEL_CAPACITY"}, errors.ModelOverloaded),
        (429, {"error": {"reason": "INSUFFICIENT_MODEL_CAPACITY"}}, errors.ModelOverloaded),
        (
            429,
            {"message": "I am experiencing high traffic, please try again shortly."},
            errors.ModelOverloaded,
        ),
        (
            429,
            {"Message": "The model you've selected is experiencing a high volume of traffic."},
            errors.ModelOverloaded,
        ),
        (429, {"message": SUSPECTED}, errors.AccountSuspended),
        (429, {"reason": "DAILY_REQUEST_COUNT"}, errors.QuotaSpent),
        (
            500,
            {
                "message": "Encountered unexpectedly high load when processing the request, please try again.",
                "reason": "MODEL_TEMPORARILY_UNAVAILABLE",
            },
            errors.ModelOverloaded,
        ),
        (
            500,
            {
                "message": "Encountered an unexpected error when processing the request, please try again."
            },
            errors.UpstreamUnavailable,
        ),
        (502, {}, errors.UpstreamUnavailable),
        (
            503,
            {"message": "The service is temporarily unavailable. Please try again later."},
            errors.ModelOverloaded,
        ),
        (504, {}, errors.UpstreamUnavailable),
        (524, {}, errors.UpstreamUnavailable),
        (529, {}, errors.ModelOverloaded),
        (404, {}, errors.UnknownOperation),
        (405, {}, errors.UnknownOperation),
        (400, {"__type": "com.amazon.coral#UnknownOperationException"}, errors.UnknownOperation),
        (403, {"__type": "UnknownOperationException"}, errors.UnknownOperation),
        (400, {"message": "Unknown operation."}, errors.UnknownOperation),
        (401, {"__type": "UnknownOperationException"}, errors.TokenExpired),
        (200, {}, errors.UpstreamGarbled),
        (307, {}, errors.UpstreamGarbled),
        (418, {}, errors.UpstreamGarbled),
    ],
)  # fmt: skip - a table
def test_each_answer_has_its_error(
    status: int, body: dict[str, Any], error: type[GatewayError]
) -> None:
    assert type(refused(status, **body)) is error


def test_the_type_may_stand_in_a_header_with_a_tail() -> None:
    headers = {"x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/"}
    assert type(refusal(400, headers, b"")) is errors.RateLimited


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"[]",
        b"\xff\xfe",
        b"[" * 5_000,
        b'{"error": 5}',
        b'{"message": 5, "reason": [], "__type": {}}',
        b'{"error": {"message": 5}}',
    ],
)
def test_a_body_that_is_no_answer_is_judged_by_its_status(body: bytes) -> None:
    assert type(refusal(502, {}, body)) is errors.UpstreamUnavailable
    assert type(refusal(403, {}, body)) is errors.TokenExpired


def test_an_error_that_is_a_text_is_a_message() -> None:
    assert type(refused(400, error="Input is too long.")) is errors.ContextTooLong


def test_a_wrong_address_names_the_setting() -> None:
    assert "host" in refused(404).detail


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        ("7", {}, 7.0),
        ("0.5", {"retryAfterMilliseconds": 9_000}, 0.5),
        (None, {"retryAfterMilliseconds": 1_500}, 1.5),
        ("Wed, 21 Oct 2026 07:28:00 GMT", {}, None),
        ("-1", {}, None),
        ("nan", {}, None),
        ("inf", {}, 3_600.0),
        ("1e9", {}, 3_600.0),
        ("9" * 400, {}, 3_600.0),
        (None, {"retryAfterMilliseconds": 10**400}, None),
        (None, {"retryAfterMilliseconds": -(10**400)}, None),
        (None, {"retryAfterMilliseconds": None}, None),
        (None, {}, None),
    ],
)
def test_the_wait_is_what_kiro_asked_for(
    header: str | None, body: dict[str, Any], seconds: float | None
) -> None:
    headers = {} if header is None else {"retry-after": header}
    assert refused(429, headers, **body).retry_after == seconds


def test_a_spent_plan_is_believed_for_a_month() -> None:
    assert refused(402, {"retry-after": "86400"}).retry_after == 86_400
    assert refused(402, {"retry-after": "9" * 400}).retry_after == 31 * 86_400


def test_a_suspended_account_does_not_come_back_by_itself() -> None:
    assert refused(403, {"retry-after": "5"}, message=SUSPENDED).retry_after is None


def test_a_suspected_account_stays_away_for_half_an_hour_at_least() -> None:
    assert refused(429, message=SUSPECTED).retry_after == 1_800
    assert refused(429, {"retry-after": "5"}, message=SUSPECTED).retry_after == 1_800
    assert refused(429, {"retry-after": "7200"}, message=SUSPECTED).retry_after == 7_200


def test_nothing_of_kiros_text_is_shown_but_for_a_refused_request() -> None:
    for status in (401, 402, 403, 404, 409, 413, 429, 500, 503):
        assert "hush" not in refused(status, message="hush hush").detail
    assert "hush" in refused(400, message="hush hush").detail
    assert "d-1234567890" not in refused(403, message=SUSPENDED).detail


@pytest.mark.parametrize(
    "secret",
    [
        "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK",
        "https://aws.amazon.com/contact-us/?u=1",
        "d-1234567890.abcdef12-3456-7890-abcd-ef1234567890",
        "abcdef12-3456-7890-abcd-ef1234567890",
        "699475941385",
        "me@example.org",
        "ksk_secret",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    ],
)
def test_a_quote_names_nobody(secret: str) -> None:
    detail = refused(400, message=f"The value {secret} is wrong.").detail
    assert secret[:12] not in detail
    assert detail.endswith("It says: The value […] is wrong.")


def test_a_quote_is_one_short_line() -> None:
    detail = refused(400, message="a\r\n\x1b[31mb\u2028c " + "word " * 500).detail
    assert detail.startswith("Kiro refused the request. It says: a [31mb c word")
    assert len(detail) < 550
    assert detail.isprintable()


def test_a_refused_request_may_have_nothing_to_quote() -> None:
    assert refused(400).detail == "Kiro refused the request."


@pytest.mark.parametrize(
    ("kind", "payload", "error"),
    [
        ("ThrottlingException", b'{"message":"Too many requests"}', errors.RateLimited),
        ("error", b"{}", errors.UpstreamUnavailable),
        ("NewException", b"{}", errors.UpstreamUnavailable),
        ("NewException", b'{"__type":"ValidationException"}', errors.InvalidRequest),
        ("ContentLengthExceededException", b"no json", errors.ContextTooLong),
        (
            "ValidationException",
            b'{"message":"x","reason":"INVALID_MODEL_ID"}',
            errors.ModelNotOffered,
        ),
        ("ServiceUnavailableException", b"", errors.ModelOverloaded),
    ],
)
def test_exception_frames_are_judged_alike(
    kind: str, payload: bytes, error: type[GatewayError]
) -> None:
    frame = Frame({":message-type": "exception", ":exception-type": kind}, payload)
    assert type(frame_refusal(frame)) is error


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({":error-code": "InternalServerError", ":error-message": "x"}, errors.UpstreamUnavailable),
        ({":error-code": "x", ":error-message": "Input is too long."}, errors.ContextTooLong),
        ({}, errors.UpstreamUnavailable),
    ],
)
def test_error_frames_are_judged_alike(headers: dict[str, str], error: type[GatewayError]) -> None:
    assert type(frame_refusal(Frame({":message-type": "error", **headers}, b""))) is error


def test_a_fault_inside_an_event_is_judged_alike() -> None:
    assert type(document_refusal({"__type": "a.b#AccessDeniedException"})) is errors.TokenExpired
    assert type(document_refusal({"error": "bad"})) is errors.UpstreamUnavailable
