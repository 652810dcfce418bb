"""What is wrong with the accounts of a place: all of it at once, with mends for who wrote it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ParamSpec, TypeVar

from msgspec import Struct, structs

T = TypeVar("T")
P = ParamSpec("P")


class Complaint(Struct, frozen=True):
    """One fault: the cause, which names the place, and the mend for who wrote it by hand.

    A mend that holds whoever wrote it stands in the cause, and `by_hand` is None then. `key` is
    the setting at fault as an `[[accounts]]` table calls it, `path` where it stands in config.toml.
    """

    cause: str
    by_hand: str | None = None
    key: str = ""
    path: str = ""

    def __str__(self) -> str:
        return f"{self.cause}: {self.by_hand}" if self.by_hand else self.cause


class AccountsUnreadable(Exception):
    """A place holds accounts that cannot be used; one line names the place, the cause, the mend.

    `files` are those whose change may mend it.
    """

    files: tuple[Path, ...] = ()

    def __init__(self, cause: str | Iterable[Complaint], by_hand: str | None = None) -> None:
        self.complaints = (Complaint(cause, by_hand),) if isinstance(cause, str) else (*cause,)
        super().__init__("; ".join(map(str, self.complaints)))

    def of_a_program(self, mend: str) -> "AccountsUnreadable":
        """Return the same about a file that a program wrote, and that it mends in its own way."""
        return AccountsUnreadable(
            each if each.by_hand is None else structs.replace(each, by_hand=mend)
            for each in self.complaints
        )


class Checklist:
    """Makes checks one by one, and complains at the end of all that was found."""

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []

    def take(self, key: str, check: Callable[P, T], *args: P.args, **more: P.kwargs) -> T | None:
        """Return what the check of a setting returns, None where it complains."""
        try:
            return check(*args, **more)
        except AccountsUnreadable as error:
            self.complaints += [
                structs.replace(each, key=each.key or key) for each in error.complaints
            ]
            return None

    def add(self, complaint: Complaint) -> None:
        """Add what was found otherwise."""
        self.complaints.append(complaint)

    def end(self) -> None:
        """Raise AccountsUnreadable where there was any complaint."""
        if self.complaints:
            raise AccountsUnreadable(self.complaints)
