"""What the end of a request means for the account that served it; pure rules."""

from datetime import UTC, datetime
from random import Random
from typing import Literal, TypeAlias

from msgspec import Struct

from ki2api.accounts.account import Standing
from ki2api.errors import (
    AccountError,
    AccountRefused,
    AccountSuspended,
    ModelNotOffered,
    ModelOverloaded,
    QuotaSpent,
    RateLimited,
    TokenExpired,
)

Streak: TypeAlias = tuple[Literal["rate-limit", "refusal", "capacity"], str]
"""Faults that last longer each time they come again without a success between.

The second word is the model's where the fault is, and nothing where it is the account's.
"""

_DOUBLINGS = 10
_LONGEST_BACKOFF = 60.0
_REFUSAL = 60.0
_LONGEST_REFUSAL = 3_600.0
_CAPACITY = 2.0
_UNTIL_LISTED_ANEW = 3_600.0


class Verdict(Struct, frozen=True):
    """The standing that an outcome calls for: the account's, or one model's on it."""

    standing: Standing
    of_model: bool = False


def backoff(earlier: int, random: Random) -> float:
    """Return a pause in seconds after `earlier` faults in a row: doubling, with full jitter."""
    return random.uniform(0.0, min(_LONGEST_BACKOFF, 2.0 ** min(earlier, _DOUBLINGS)))


def streak_of(error: BaseException | None, model: str) -> Streak | None:
    """Return what an outcome counts as."""
    match error:
        case RateLimited():
            return "rate-limit", ""
        case AccountRefused() | TokenExpired():
            return "refusal", ""
        case ModelOverloaded():
            return "capacity", model
        case _:
            return None


def verdict(
    error: BaseException | None, now: float, earlier: int, random: Random
) -> Verdict | None:
    """Return what the outcome calls for, or None where nothing was the account's fault.

    `earlier` is how many faults of this streak came before without a success.
    """
    return _of_account(error, now, earlier, random) or _of_model(error, now, earlier, random)


def _of_account(
    error: BaseException | None, now: float, earlier: int, random: Random
) -> Verdict | None:
    match error:
        case RateLimited():
            until = now + max(error.retry_after or 0.0, backoff(earlier, random))
            return Verdict(Standing("cooling", error.detail, now, until))
        case AccountRefused() | TokenExpired():
            pause = min(_LONGEST_REFUSAL, _REFUSAL * 2.0 ** min(earlier, _DOUBLINGS))
            return Verdict(Standing("cooling", error.detail, now, now + pause))
        case QuotaSpent():
            until = _told(error, now) or start_of_next_month(now)
            return Verdict(Standing("exhausted", error.detail, now, until))
        case AccountSuspended():
            return Verdict(Standing("quarantined", error.detail, now, _told(error, now)))
        case _:
            return None


def _of_model(
    error: BaseException | None, now: float, earlier: int, random: Random
) -> Verdict | None:
    match error:
        case ModelOverloaded():
            until = now + max(error.retry_after or 0.0, _capacity_pause(earlier, random))
            return Verdict(Standing("cooling", error.detail, now, until), of_model=True)
        case ModelNotOffered():
            until = now + _UNTIL_LISTED_ANEW
            return Verdict(Standing("exhausted", error.detail, now, until), of_model=True)
        case _:
            return None


def _capacity_pause(earlier: int, random: Random) -> float:
    """Return 2 to 4 seconds at first (docs/kiro.md §5.2), up to a minute after more refusals."""
    least = _CAPACITY * 2.0 ** min(earlier, _DOUBLINGS)
    return min(_LONGEST_BACKOFF, random.uniform(least, 2 * least))


def _told(error: AccountError, now: float) -> float | None:
    return None if error.retry_after is None else now + error.retry_after


def start_of_next_month(now: float) -> float:
    """Return when Kiro's monthly quota comes back (docs/kiro.md §5.2: the 1st, UTC)."""
    today = datetime.fromtimestamp(now, UTC)
    year, month = (today.year + 1, 1) if today.month == 12 else (today.year, today.month + 1)  # noqa: PLR2004 - December
    return datetime(year, month, 1, tzinfo=UTC).timestamp()
