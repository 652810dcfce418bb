"""One broken rule, and the words in which the service refuses it."""

from msgspec import Struct

IMPROPER = "Improperly formed request."


class Violation(Struct, frozen=True):
    """A broken rule: its id stays on this side; `reason` and `message` are what the caller sees."""

    rule: str
    reason: str | None = None
    message: str = IMPROPER
