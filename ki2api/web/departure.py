"""How an answer learns that its client has gone: the connection calls, so that nobody must wait."""

from collections.abc import Callable
from typing import Any

from litestar.types import Scope

_DEPARTURE = "ki2api_departure"


class Departure:
    """The going of one request's client, put into its ASGI state by the server."""

    __slots__ = ("_gone", "_told")

    def __init__(self) -> None:
        self._gone = False
        self._told: Callable[[], None] | None = None

    def put_into(self, scope: Any) -> None:
        """Let the answer to this request find it."""
        scope["state"][_DEPARTURE] = self

    @classmethod
    def of(cls, scope: Scope) -> "Departure":
        """Return that of a request; a server that is not ours never tells of any."""
        departure: Departure | None = scope["state"].get(_DEPARTURE)
        return departure or cls()

    def watch(self, told: Callable[[], None] | None) -> None:
        """Call this once when the client goes, at once if it has gone; None for no more."""
        self._told = told
        if self._gone:
            self._tell()

    def happen(self) -> None:
        """Tell of it: the client has gone."""
        self._gone = True
        self._tell()

    def _tell(self) -> None:
        told, self._told = self._told, None
        if told is not None:
            told()
