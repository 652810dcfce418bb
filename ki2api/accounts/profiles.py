"""Finds the profile of an account that came without one (docs/kiro.md §1.7)."""

from collections.abc import Awaitable, Callable

from msgspec import structs

from ki2api.accounts.companion import Companion, NoProfiles
from ki2api.accounts.errands import Errands
from ki2api.accounts.inquiry import Inquiry, Manners
from ki2api.accounts.member import Member
from ki2api.accounts.profile import API_REGIONS
from ki2api.errors import AccountError, GatewayError

_HOUR, _MINUTE = 3_600.0, 60.0
_WITH_THEIR_OWN = frozenset({"identity-center", "oidc", "external-idp"})
"""The labels of logins that have profiles of their own."""


class Profiles:
    """Asks Kiro for profiles, and remembers also that there are none.

    `keep` makes what was found outlive the process.
    """

    def __init__(
        self,
        companion: Companion,
        keep: Callable[[Member], Awaitable[None]],
        *,
        manners: Manners,
        clock: Callable[[], float],
        errands: Errands,
    ) -> None:
        self._companion = companion
        self._keep = keep
        self._manners = manners
        self._inquiry = Inquiry(
            self._ask,
            fresh_seconds=_HOUR,
            rest_seconds=_MINUTE,
            manners=manners,
            clock=clock,
            errands=errands,
        )

    def is_settled(self, member: Member) -> bool:
        """Tell whether its profile is known, or its kind of login has none of its own."""
        return bool(member.own_profile) or member.label not in _WITH_THEIR_OWN

    async def settle(self, member: Member) -> None:
        """Find the profile before the first request, where its kind of login has one of its own.

        Where none is found the request goes as it is: the older host wants none from some logins.
        """
        if not self.is_settled(member):
            await self.find(member)

    async def find(self, member: Member, refused: str = "") -> bool:
        """Find a profile other than the one that Kiro refused; tell whether there is one."""
        if member.own_profile and member.own_profile != refused:
            return True
        try:
            found = await self._inquiry.answer(member)
        except GatewayError:
            return False
        if not found or found == refused:
            return False
        if found != member.wallet.profile_arn:
            member.wallet = structs.replace(member.wallet, profile_arn=found)
            await self._keep(member)
        return not member.credential.profile_arn

    def forget(self, name: str) -> None:
        self._inquiry.forget(name)

    async def _ask(self, member: Member) -> str:
        """Return the first profile of the first region that has one; nothing where none has.

        What Kiro refuses to the account in one region is not asked in another.
        """
        failure: GatewayError | None = None
        for region in dict.fromkeys((member.region, *API_REGIONS)):
            self._manners.check(member)
            try:
                profiles = await self._companion.profiles(member.access(region))
            except NoProfiles:
                return ""
            except AccountError:
                raise
            except GatewayError as error:
                failure = error
            else:
                if profiles:
                    return profiles[0]
        if failure is not None:
            raise failure
        return ""
