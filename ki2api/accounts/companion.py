"""What Kiro tells of an account beside answering: its profiles, its models and its usage."""

from typing import Protocol

from msgspec import Struct

from ki2api.models import Model
from pipeline.secret import Secret


class Access(Struct):
    """All that a call to Kiro needs to know of the account it is made for."""

    name: str
    token: Secret
    token_type: str = ""
    profile_arn: str = ""
    region: str = ""
    proxy: Secret | None = None


class Pot(Struct, frozen=True):
    """One pot of credits: the plan's own, a free trial, or a bonus. `ends` is in Unix seconds."""

    kind: str
    used: float
    limit: float
    ends: float | None = None


# docs/kiro.md §6.3.
class PlanUsage(Struct, frozen=True):
    """What an account has used of its plan, as Kiro tells it.

    `resets` is when the plan's own credits come back, in Unix seconds; `overage` says whether Kiro
    goes on, for money, when all credits are spent. `asked_at` is when Kiro said all this.
    """

    plan: str
    pots: tuple[Pot, ...]
    resets: float | None
    overage: bool
    overage_used: float
    asked_at: float
    email: str = ""

    @property
    def used(self) -> float:
        return sum(pot.used for pot in self.pots)

    @property
    def limit(self) -> float:
        return sum(pot.limit for pot in self.pots)


class NoProfiles(Exception):
    """Kiro has no profiles for this kind of login, and will not have any later."""


class Companion(Protocol):
    """Asks Kiro about an account; every question raises GatewayError where it fails."""

    async def profiles(self, access: Access) -> tuple[str, ...]:
        """Return the profiles (ARNs) in the region of `access`; raises NoProfiles."""

    async def models(self, access: Access) -> tuple[Model, ...]:
        """Return the models that the account's plan offers, in Kiro's order."""

    async def usage(self, access: Access, *, with_email: bool = False) -> PlanUsage:
        """Return what the account has used of its plan."""
