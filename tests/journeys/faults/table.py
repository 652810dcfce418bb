"""The table of faults: what Kiro does, and what the official SDKs make of what we then do.

To add a fault, add its row; the scenarios are those of `ki2api simulate --list`.
"""

from typing import Any

from msgspec import Struct


class Row(Struct, frozen=True):
    """One fault, `times` in a row, and what comes of it when streamed and when whole.

    What comes of it is a status, and how often Kiro was asked. The status 0 is an error in the
    middle of a stream. Of an error, `code` is OpenAI's word, `kind` Anthropic's, and `failed` that
    of a response that fails after it began. `states` are those of the two accounts afterwards.
    """

    fault: str
    scenario: str
    streamed: tuple[int, int]
    whole: tuple[int, int]
    code: str = ""
    kind: str = "api_error"
    failed: str = "server_error"
    times: int = 9
    states: str = "ready ready"
    midway: str = ""
    """The states after a stream that broke off, where these are others."""
    values: dict[str, Any] = {}
    slow: bool = False
    """Whether it takes seconds; such a row is left out unless KI2API_SWEEPS says otherwise."""


MIDWAY = {"at": 800}
ROWS = [
    Row("U1 reset once", "reset", (200, 2), (200, 2), times=1),
    Row("U1 reset", "reset", (502, 3), (502, 3), "upstream_unreachable"),
    Row("U5 closed when it was to stay open", "stale", (200, 1), (200, 1)),
    Row("U5 hung up once", "hang-up", (200, 2), (200, 2), times=1),
    Row("U5 hung up", "hang-up", (502, 3), (502, 3), "upstream_unreachable"),
    Row("U6 refused", "improper", (400, 1), (400, 1), "invalid_request", "invalid_request_error"),
    Row(
        "U6 too long",
        "too-long",
        (400, 1),
        (400, 1),
        "context_length_exceeded",
        "invalid_request_error",
    ),
    Row("U7 expired once", "expired", (200, 2), (200, 2), times=1),
    Row("U7 expired", "expired", (502, 4), (502, 4), "upstream_auth", states="cooling cooling"),
    Row(
        "U8 suspended once",
        "suspended",
        (200, 2),
        (200, 2),
        times=1,
        states="quarantined ready",
    ),
    Row(
        "U8 suspended",
        "suspended",
        (429, 2),
        (429, 2),
        "account_suspended",
        "rate_limit_error",
        states="quarantined quarantined",
    ),
    Row(
        "U8 suspected",
        "suspicious",
        (429, 2),
        (429, 2),
        "account_suspended",
        "rate_limit_error",
        states="quarantined quarantined",
    ),
    Row("U9 throttled once", "throttled", (200, 2), (200, 2), times=1, states="cooling ready"),
    Row(
        "U9 throttled",
        "throttled",
        (429, 2),
        (429, 2),
        "rate_limit_exceeded",
        "rate_limit_error",
        states="cooling cooling",
        values={"retry_after": 60},
    ),
    Row("U10 spent once", "spent", (200, 2), (200, 2), times=1, states="exhausted ready"),
    Row(
        "U10 spent",
        "spent",
        (429, 2),
        (429, 2),
        "insufficient_quota",
        "rate_limit_error",
        states="exhausted exhausted",
    ),
    Row("U11 failed once", "unexpected", (200, 2), (200, 2), times=1),
    Row("U11 failed", "unexpected", (502, 3), (502, 3), "upstream_unreachable"),
    Row(
        "U11 away",
        "unavailable",
        (503, 3),
        (503, 3),
        "server_is_overloaded",
        "overloaded_error",
        slow=True,
    ),
    Row("U12 page", "html", (502, 3), (502, 3), "upstream_unreachable"),
    Row("U12 no stream", "garbage", (502, 1), (502, 1), "upstream_protocol"),
    Row("U12 nothing", "empty-body", (502, 2), (502, 2), "upstream_empty"),
    Row("U13 silent once", "hang", (200, 2), (200, 2), times=1, slow=True),
    Row("U13 silent", "hang", (504, 3), (504, 3), "upstream_timeout", "timeout_error", slow=True),
    Row("U14 redirect", "redirect", (502, 1), (502, 1), "upstream_protocol"),
    Row("S1 cut", "cut", (0, 1), (502, 3), "upstream_disconnected", values=MIDWAY),
    Row("S1 truncated", "truncated", (0, 1), (502, 3), "upstream_disconnected", values=MIDWAY),
    Row("S1 half closed", "half-close", (0, 1), (502, 3), "upstream_disconnected", values=MIDWAY),
    Row("S1 cut once", "cut", (0, 1), (200, 2), "upstream_disconnected", times=1, values=MIDWAY),
    Row("S2 checksum", "corrupt", (0, 1), (502, 1), "upstream_protocol", values={"at": 900}),
    Row("S3 length", "corrupt", (502, 1), (502, 1), "upstream_protocol", values={"at": 0}),
    Row(
        "S4 silent midway",
        "stall",
        (0, 1),
        (504, 3),
        "upstream_timeout",
        "timeout_error",
        values=MIDWAY,
        slow=True,
    ),
    Row("S5 drip", "drip", (200, 1), (200, 1), values={"seconds": 0}),
    Row("S6 ended twice", "ended-twice", (200, 1), (200, 1)),
    Row(
        "S7 throttled midway",
        "exception",
        (0, 1),
        (429, 2),
        "rate_limit_exceeded",
        "rate_limit_error",
        "rate_limit_exceeded",
        states="cooling cooling",
        midway="cooling ready",
    ),
    Row("S7 failed midway", "error-frame", (0, 1), (502, 3), "upstream_unreachable"),
    Row("S7 invalid state", "invalid-state", (0, 1), (502, 1), "upstream_protocol"),
    Row(
        "S8 reset midway", "reset-midway", (0, 1), (502, 3), "upstream_disconnected", values=MIDWAY
    ),
    Row("S9 flood", "flood", (200, 1), (200, 1), values={"count": 2000}),
    Row("S10 unknown", "unknown-events", (200, 1), (200, 1)),
    Row("S10 no JSON", "bad-json", (0, 1), (502, 1), "upstream_protocol"),
    Row("S11 call cut off", "tool-unfinished", (0, 1), (502, 3), "upstream_disconnected"),
    Row("S11 call of no JSON", "tool-broken-json", (0, 1), (502, 1), "upstream_protocol"),
]
