"""Which account a conversation was on, so that it can stay there while its prompts are cached."""

from collections import OrderedDict

_REMEMBERED = 10_000


class Affinity:
    """Remembers the account of each session for a while; the least recently used go first."""

    def __init__(self) -> None:
        self._bound: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def account_of(self, session: str, now: float) -> str | None:
        """Return the name of the account that the session is bound to now."""
        name, until = self._bound.get(session, (None, 0.0))
        return name if now < until else None

    def bind(self, session: str, name: str, until: float) -> None:
        self._bound[session] = name, until
        self._bound.move_to_end(session)
        if len(self._bound) > _REMEMBERED:
            self._bound.popitem(last=False)
