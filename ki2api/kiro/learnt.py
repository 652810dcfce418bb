"""What earlier answers taught of Kiro, as far as a request is put otherwise for it (§3.6)."""

from collections.abc import Callable

import msgspec


def _any(_: str) -> bool:
    return True


class Learnt(msgspec.Struct, frozen=True):
    """Whether the model refuses extra fields, and which thoughts may be shown to it again.

    `replays` is asked with a signature, or with an opaque blob, of the history.
    """

    refuses_fields: bool = False
    replays: Callable[[str], bool] = _any
