"""Who goes on as whom when the list of accounts changes."""

from collections.abc import Iterable, Sequence

from ki2api.accounts.account import Credential
from ki2api.accounts.member import Member


def heirs(
    credentials: Sequence[Credential], present: Iterable[Member], departed: Iterable[Member]
) -> dict[str, Member]:
    """Return by the names of the credentials which members go on with them.

    Whoever's login is still there goes on with it, wherever it stands now. Only then does another
    login follow the one whose place it has taken.
    """
    present = list(present)
    found: dict[str, Member] = {}
    for fits, members in (
        (Member.is_of, [*present, *departed]),
        (Member.is_followed_by, present),
    ):
        for credential in credentials:
            if credential.name in found:
                continue
            fitting = (each for each in members if fits(each, credential))
            free = (each for each in fitting if each not in found.values())
            if heir := next(free, None):
                found[credential.name] = heir
    return found
