"""The accounts that the simulated service knows, and what is wrong with each."""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

from ki2api.simulator.identifiers import Identifiers

Kind: TypeAlias = Literal["social", "builder-id", "enterprise", "external-idp", "api-key"]
Plan: TypeAlias = Literal["free", "pro", "pro-plus", "power"]

SOCIAL_PROFILE = "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK"
BUILDER_PROFILE = "arn:aws:codewhisperer:us-east-1:638616132270:profile/AAAACCCCXXXX"
Verdict: TypeAlias = Literal["approve", "deny", "expire"]

CREDITS: dict[Plan, float] = {"free": 50, "pro": 1_000, "pro-plus": 2_000, "power": 10_000}
TRIAL, BONUS = 500.0, 100.0
BUILDER_START_URL = "https://view.awsapps.com/start"


class Fault(Struct, frozen=True):
    """A scenario that was ordered: its name and its values."""

    name: str
    values: dict[str, str] = {}


class Decision(Struct, frozen=True):
    """What a person does with a login that waits: any login, or the one with this user code."""

    verdict: Verdict
    user_code: str


class SimAccount(Struct, kw_only=True):
    """One account: its credentials, its counts, and its state, which a test may set.

    `access` holds every access token that was given out with the time at which it ends, `retired`
    the refresh tokens that were replaced. `region` is where it signs in, `api_region` where its
    profile is; both are told from other facts where they are not given.
    """

    name: str
    kind: Kind = "social"
    plan: Plan = "pro"
    refresh_token: str = ""
    access_token: str = ""
    api_key: str = ""
    client_id: str = ""
    client_secret: str = ""
    profile_arn: str = ""
    region: str = "us-east-1"
    api_region: str = ""
    start_url: str = ""
    provider: Literal["google", "github"] = "google"
    email: str = ""
    logins: int = 0
    refreshes: int = 0
    requests: int = 0
    used: float = 0.0
    trial: bool = False
    bonus: bool = False
    revoked: bool = False
    suspended: bool = False
    under_suspicion: bool = False
    registration_expired: bool = False
    overages_spent: bool = False
    search_refused: bool = False
    throttled: int = 0
    retry_after: int | None = None
    crowded: Counter[str] = field(default_factory=Counter)
    withheld: set[str] = field(default_factory=set)
    access: dict[str, float] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    faults: deque[Fault] = field(default_factory=deque)
    refresh_faults: deque[Fault] = field(default_factory=deque)
    decisions: deque[Decision] = field(default_factory=deque)

    @property
    def limit(self) -> float:
        """Credits of the month: the plan's, the trial's and the bonus's."""
        return CREDITS[self.plan] + TRIAL * self.trial + BONUS * self.bonus

    @property
    def profiles(self) -> set[str]:
        """Every profile that this account may name."""
        shared = {"social": {SOCIAL_PROFILE}, "builder-id": {BUILDER_PROFILE}}
        return {self.profile_arn, *shared.get(self.kind, ())}

    def expire_access(self) -> None:
        """Let every access token that was given out end now."""
        self.access.clear()

    def revoke(self) -> None:
        """Let nothing of this account work any more."""
        self.revoked = True

    def suspend(self) -> None:
        """Lock the account, as the service does for security."""
        self.suspended = True

    def suspicious(self) -> None:
        """Put the account under the limits that follow suspicious activity."""
        self.under_suspicion = True

    def exhaust(self, *, overages: bool = False) -> None:
        """Spend the month's credits, or what was allowed beyond them."""
        self.used = self.limit
        self.overages_spent = overages

    def expire_registration(self) -> None:
        """Let the client registration end, as it does after about 90 days."""
        self.registration_expired = True

    def throttle(self, times: int, retry_after: int | None = None) -> None:
        """Refuse the next requests with 429."""
        self.throttled, self.retry_after = times, retry_after

    def no_capacity(self, model: str, times: int) -> None:
        """Refuse the next requests for a model for want of capacity."""
        self.crowded[model] = times

    def not_offered(self, model: str) -> None:
        """Take a model out of this account's plan."""
        self.withheld.add(model)

    def fault(self, name: str, times: int = 1, **values: object) -> None:
        """Order a scenario for this account's next requests; its values are those of a marker."""
        self.faults.extend(ordered(name, times, values))

    def refresh_fault(self, name: str, times: int = 1, **values: object) -> None:
        """Order a fault of the token service for this account's next refreshes."""
        self.refresh_faults.extend(ordered(name, times, values))

    def approve(self, user_code: str = "") -> None:
        """Let this account's person log in: with this code, or whatever login asks next."""
        self.decisions.append(Decision("approve", user_code))

    def deny(self, user_code: str = "") -> None:
        """Let the person refuse a login."""
        self.decisions.append(Decision("deny", user_code))

    def let_expire(self, user_code: str = "") -> None:
        """Let the person wait with a login until it has ended."""
        self.decisions.append(Decision("expire", user_code))

    def decided(self, user_code: str = "") -> Verdict | None:
        """Take what the person decided of a login, if anything."""
        for decision in self.decisions:
            if decision.user_code in {"", user_code}:
                self.decisions.remove(decision)
                return decision.verdict
        return None

    def logged_in(self, token: str) -> None:
        """Begin a new session, which ends the one before: an account has one here."""
        self.logins += 1
        self.rotate(token)

    def reinstate(self) -> None:
        """Make everything well again, but for what was spent and the tokens that ended."""
        self.revoked = self.suspended = self.under_suspicion = self.overages_spent = False
        self.registration_expired = False
        self.throttled = 0
        self.crowded.clear()
        self.withheld.clear()
        self.faults.clear()
        self.refresh_faults.clear()

    def grant_access(self, token: str, until: float) -> None:
        """Give out an access token."""
        self.access_token = token
        self.access[token] = until

    def rotate(self, token: str) -> None:
        """Replace the refresh token."""
        self.retired.add(self.refresh_token)
        self.refresh_token = token


def ordered(name: str, times: int, values: Mapping[str, object]) -> list[Fault]:
    """Order a scenario so many times; `_` in a value's name stands for a hyphen."""
    named = {key.replace("_", "-"): str(value) for key, value in values.items()}
    return [Fault(name, named)] * times


def opened(account: SimAccount, identifiers: Identifiers) -> SimAccount:
    """Give a new account the credentials of its kind, where it has none yet."""
    if account.kind == "api-key":
        account.api_key = account.api_key or f"ksk_{identifiers.text(40)}"
    else:
        account.refresh_token = account.refresh_token or identifiers.refresh_token()
        account.profile_arn = account.profile_arn or (
            BUILDER_PROFILE
            if account.kind == "builder-id"
            else identifiers.profile_arn(account.api_region or serving(account.region))
        )
    if account.kind in {"builder-id", "enterprise", "external-idp"}:
        account.client_id = account.client_id or identifiers.text(22)
        account.client_secret = account.client_secret or identifiers.text(120)
    if account.kind == "builder-id":
        account.start_url = BUILDER_START_URL
    elif account.kind == "enterprise":
        account.start_url = account.start_url or identifiers.start_url()
    account.api_region = account.api_region or _region_of(account.profile_arn)
    account.email = account.email or f"{account.name}@example.com"
    return account


def serving(sign_in_region: str) -> str:
    """Return the region of the API that serves a region of sign-ins (docs/kiro.md §2.1)."""
    if sign_in_region.startswith("us-gov-"):
        return sign_in_region
    return "eu-central-1" if sign_in_region.startswith("eu-") else "us-east-1"


def _region_of(profile_arn: str) -> str:
    return profile_arn.split(":")[3] if profile_arn else "us-east-1"
