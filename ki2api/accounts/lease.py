"""What a request wants of the pool, and what it gets."""

from collections.abc import Collection

from msgspec import Struct, structs

from ki2api.accounts.account import Credential
from ki2api.accounts.companion import Access
from ki2api.accounts.member import Member
from ki2api.accounts.strategies import Strategy, round_robin


class Wish(Struct, frozen=True):
    """What one attempt wants: a model, which accounts not or only as the last, and who chooses.

    `session` names the conversation, if it can come back; `comes_back` says that it does, so that
    it stays on its account if that can serve. It is remembered for `sticky` seconds.
    """

    model: str = ""
    never: Collection[str] = ()
    last: Collection[str] = ()
    choose: Strategy = round_robin
    session: str = ""
    comes_back: bool = False
    sticky: float = 0.0


class Lease(Access, eq=False, kw_only=True):
    """An account held for one attempt, with all that a call to Kiro needs to know of it."""

    model: str
    member: Member
    held: bool = True
    answered: bool = False
    """Whether Kiro has begun to answer, so that it is known to serve the account."""

    def __repr__(self) -> str:
        # A stage may put a lease into its log, where the profile would name the person.
        return f"Lease({self.name!r}, {self.model!r})"

    def catch_up(self) -> None:
        """Take the token and the profile that the account has now."""
        access = self.member.access()
        self.token = access.token or self.token
        self.profile_arn, self.region = access.profile_arn, access.region


NOBODY = "(no account)"
"""The name of what stands for an account where none could serve."""


def leased(member: Member, model: str, *, held: bool = True) -> Lease:
    """Return a lease of an account as it is now; one that is not held need not be given back."""
    return Lease(*structs.astuple(member.access()), model=model, member=member, held=held)


def nobody(model: str) -> Lease:
    """Return what stands for an account where only something is shown and none could serve."""
    return leased(Member(Credential(NOBODY, "api-key"), 0, 0.0, 0.0), model, held=False)
