"""The pool's breaker: suspensions that spread stop the whole pool, not account after account."""

_WINDOW = 60.0
_PAUSE = 300.0


class Breaker:
    """Closes the pool for five minutes once two accounts are suspended within one.

    To go on with a third account would look like an evasion, and may cost a person all of them.
    """

    def __init__(self) -> None:
        self._suspended: dict[str, float] = {}
        self._closed_until = 0.0

    def note_suspension(self, name: str, now: float) -> None:
        self._suspended[name] = now
        if sum(now - when <= _WINDOW for when in self._suspended.values()) > 1:
            self._closed_until = now + _PAUSE

    def remaining(self, now: float) -> float:
        """Return for how many seconds the pool stays closed; 0 when it is open."""
        return max(0.0, self._closed_until - now)

    def reset(self) -> None:
        self._suspended.clear()
        self._closed_until = 0.0
