"""What the end of a request means for the account that served it; pure rules."""

from datetime import UTC, datetime
from random import Random

from ki2api.accounts.account import Standing, State
from ki2api.errors import (
    AccountError,
    AccountRefused,
    AccountSuspended,
    QuotaSpent,
    RateLimited,
    TokenExpired,
)

REFUSAL_PAUSE = 60.0
_LONGEST_BACKOFF = 60.0
_DOUBLINGS = 6  # 2**6 is beyond the longest back-off


def backoff(earlier: int, random: Random) -> float:
    """Return a pause in seconds after `earlier` faults in a row: doubling, with full jitter."""
    return random.uniform(0.0, min(_LONGEST_BACKOFF, 2.0 ** min(earlier, _DOUBLINGS)))


def verdict(error: BaseException | None, now: float, pause: float) -> Standing | None:
    """Return the standing that the outcome calls for, or None where it is not the account's fault.

    `pause` is the least time that a rate limit lasts.
    """
    state: State
    until: float | None
    match error:
        case RateLimited():
            state, until = "cooling", now + max(error.retry_after or 0.0, pause)
        case QuotaSpent():
            state, until = "exhausted", _told(error, now) or start_of_next_month(now)
        case AccountSuspended():
            state, until = "quarantined", _told(error, now)
        case AccountRefused() | TokenExpired():
            state, until = "cooling", now + REFUSAL_PAUSE
        case _:
            return None
    return Standing(state, error.detail, now, until)


def _told(error: AccountError, now: float) -> float | None:
    return None if error.retry_after is None else now + error.retry_after


def start_of_next_month(now: float) -> float:
    """Return when Kiro's monthly quota comes back (docs/kiro.md §5.2: the 1st, UTC)."""
    today = datetime.fromtimestamp(now, UTC)
    year, month = (today.year + 1, 1) if today.month == 12 else (today.year, today.month + 1)  # noqa: PLR2004 - December
    return datetime(year, month, 1, tzinfo=UTC).timestamp()
