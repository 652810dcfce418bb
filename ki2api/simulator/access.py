"""Who may call: bearer tokens, token types, profiles and standings (docs/kiro.md §1, §5.2)."""

from collections.abc import Set as AbstractSet

from ki2api.simulator.accounts import BUILDER_PROFILE, Kind, SimAccount
from ki2api.simulator.catalogue import Model
from ki2api.simulator.http import Request
from ki2api.simulator.refusals import refusal
from ki2api.simulator.world import World

_TOKEN_TYPES: dict[Kind, AbstractSet[str]] = {
    "social": {""},
    "builder-id": {"", "SSO_OIDC"},
    "enterprise": {"", "SSO_OIDC"},
    "external-idp": {"EXTERNAL_IDP"},
    "api-key": {"API_KEY"},
}


class Gate:
    """The checks of one host; `wants_profile` tells the hosts of 2026 from the older one."""

    def __init__(self, world: World, host: str, *, wants_profile: bool) -> None:
        self._world = world
        self.host = host
        self.wants_profile = wants_profile

    def admit(self, request: Request) -> SimAccount:
        """Find the account that the bearer token belongs to."""
        if not request.bearer:
            raise refusal("no-token")
        account = self._world.holder_of(request.bearer)
        if account is None:
            raise refusal("invalid-token")
        if request.headers.get("tokentype", "").upper() not in _TOKEN_TYPES[account.kind]:
            raise refusal("invalid-token", rule="token-type")
        keys_refused = self.host == "runtime" and not self._world.options.keys_on_runtime
        if account.kind == "api-key" and keys_refused:
            # SUB2 (2026-08): the runtime host refuses keys; others use them there.
            raise refusal("invalid-token", rule="key-on-runtime")
        if account.suspended:
            raise refusal("suspended")
        return account

    def check_profile(
        self, request: Request, account: SimAccount, arn: object, *, required: bool = True
    ) -> None:
        """Refuse a profile that is not the account's, or of another region than the host's.

        A missing one is refused where this host wants one.
        """
        if account.kind == "api-key":
            return
        if not arn:
            if required and self.wants_profile:
                raise refusal("profile-required")
        elif account.kind == "enterprise" and arn == BUILDER_PROFILE:
            # ZYPH and SUB2: enterprise tokens with the Builder ID placeholder count as invalid.
            raise refusal("invalid-token", rule="placeholder-profile")
        elif arn not in account.profiles or not is_of_region(str(arn), request.region):
            raise refusal("not-authorized")

    def check_standing(self, account: SimAccount) -> None:
        """Refuse an account that is spent, throttled or under suspicion."""
        if account.overages_spent:
            raise refusal("overages-spent")
        if account.used >= account.limit:
            raise refusal("spent")
        if account.under_suspicion:
            raise refusal("suspicious")
        if account.throttled > 0:
            account.throttled -= 1
            wait = account.retry_after
            headers = {} if wait is None else {"retry-after": str(wait)}
            raise refusal("throttled", headers=headers)

    def check_model(self, account: SimAccount, model: Model) -> None:
        """Refuse a model that the plan does not offer, or that has no capacity now."""
        if model.id in account.withheld:
            raise refusal("invalid-model", rule="not-offered")
        if account.crowded[model.id] > 0:
            account.crowded[model.id] -= 1
            raise refusal("capacity")


def is_of_region(arn: str, region: str) -> bool:
    """Tell whether a profile is one of the region; any is, where a request names no region."""
    return not region or arn.split(":")[3:4] == [region]
