"""The pool's breaker: suspensions that spread stop the whole pool, not account after account."""

_WINDOW = 60.0
_PAUSE = 300.0


class Breaker:
    """Opens for five minutes once two accounts are suspended within one: no account is used.

    To go on with a third account would look like an evasion, and may cost a person all of them.
    """

    def __init__(self) -> None:
        self._suspended: dict[str, float] = {}
        self._open_until = 0.0

    def note_suspension(self, account: str, when: float) -> bool:
        """Learn of a suspension, also of an earlier process's; tell whether this opens it."""
        was_open_until = self._open_until
        self._suspended[account] = max(when, self._suspended.get(account, when))
        near = [each for each in self._suspended.values() if abs(when - each) <= _WINDOW]
        if len(near) > 1:
            self._open_until = max(self._open_until, max(near) + _PAUSE)
        return was_open_until <= when < self._open_until

    def remaining(self, now: float) -> float:
        """Return for how many seconds no account is used; 0 when the breaker is closed."""
        return self._open_until - now if now < self._open_until else 0.0

    def reset(self) -> None:
        self._suspended.clear()
        self._open_until = 0.0
