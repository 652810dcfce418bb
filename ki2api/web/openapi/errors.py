"""Which errors a route may answer."""

from collections.abc import Collection, Iterable

from ki2api import errors
from ki2api.errors import GatewayError

_BEFORE_ANY_ROUTE = (
    errors.InvalidRequest,
    errors.HeadTooLarge,
    errors.TooSlow,
    errors.Overloaded,
)
"""What a connection is refused for, whatever it asks: see ki2api/connection.py."""
ALWAYS: tuple[type[GatewayError], ...] = (
    *_BEFORE_ANY_ROUTE,
    errors.WrongMethod,
    errors.Forbidden,
    errors.Bug,
)
GUARDED = (*ALWAYS, errors.Unauthenticated)
READING = (*GUARDED, errors.RequestTooLarge, errors.UnsupportedMedia)
_ELSEWHERE = (
    errors.NoWebSocket,
    errors.NotReady,
    errors.UnknownAccount,
    errors.UnknownResponse,
    errors.UnknownRoute,
)


def asking(
    table: Iterable[type[GatewayError]], *, but: Collection[type[GatewayError]] = ()
) -> tuple[type[GatewayError], ...]:
    """Return those of a route that asks a model: nearly all that its dialect has words for."""
    never = {GatewayError, *_ELSEWHERE, *but}
    return tuple(kind for kind in table if kind not in never)
