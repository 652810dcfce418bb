"""What the dialects' answers to errors share: finding a class's row, and the headers."""

from collections.abc import Mapping
from math import ceil
from typing import TypeVar

from ki2api import errors
from ki2api.errors import GatewayError

T = TypeVar("T")

LONGEST_WAIT = 60
"""Seconds. An SDK sleeps as long as retry-after says: a longer wait is told as no use at all."""

_NO_USE = {"x-should-retry": "false"}
_FINAL = (
    errors.AccountSuspended,
    errors.CallsSpent,
    errors.EmptyReply,
    errors.InvalidReply,
    errors.QuotaSpent,
    errors.Unauthenticated,
)


def row_of(error: GatewayError, table: Mapping[type[GatewayError], T]) -> T:
    """Find what a dialect says of an error, or of the nearest class above its own."""
    return next(table[kind] for kind in type(error).__mro__ if kind in table)


def error_headers(error: GatewayError) -> Mapping[str, str]:
    """Say by headers what may be tried again; both official SDKs obey them."""
    if isinstance(error, errors.WrongMethod):
        return {"allow": error.allow}
    if isinstance(error, errors.NoWebSocket):
        return {"upgrade": "HTTP/1.1"}
    wait = error.retry_after
    if isinstance(error, _FINAL) or (wait is None and isinstance(error, errors.NoAccountLeft)):
        return _NO_USE
    if wait is None:
        return {}
    if wait > LONGEST_WAIT:
        return _NO_USE
    return {"retry-after": str(max(1, ceil(wait)))}
