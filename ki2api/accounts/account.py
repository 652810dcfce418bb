"""The values of this room: what is known of an account, how it stands, and what of it is shown."""

import hashlib
import math
from typing import Literal, TypeAlias

from msgspec import Struct

from pipeline.secret import Secret

Kind: TypeAlias = Literal["social", "oidc", "api-key"]
State: TypeAlias = Literal[
    "ready", "cooling", "exhausted", "quarantined", "needs-login", "disabled"
]

WEIGHT: dict[State, int] = {
    "ready": 0,
    "cooling": 1,
    "exhausted": 2,
    "quarantined": 3,
    "needs-login": 4,
    "disabled": 5,
}


class Credential(Struct, frozen=True):
    """What a person gave for one account; it does not change while the gateway runs.

    `region` is that of the sign-in service, `source` says in words where the credential was found.
    """

    name: str
    kind: Kind
    refresh_token: Secret | None = None
    access_token: Secret | None = None
    expires_at: float | None = None
    api_key: Secret | None = None
    client_id: str = ""
    client_secret: Secret | None = None
    region: str = "us-east-1"
    profile_arn: str = ""
    disabled: bool = False
    max_concurrent: int | None = None
    source: str = ""

    @property
    def seed(self) -> str:
        """The one secret that makes this credential what it is."""
        secret = self.api_key or self.refresh_token or self.access_token
        return secret.reveal() if secret else ""

    @property
    def fingerprint(self) -> str:
        """Names the credential without showing it; any change to it gives another name.

        The account's own name is no part of it: who renames an account keeps its rotated token.
        """
        registration = self.client_secret.reveal() if self.client_secret else ""
        parts = (self.kind, self.seed, self.client_id, registration, self.region)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


class Wallet(Struct, frozen=True, omit_defaults=True):
    """The tokens of one account; `previous` is the refresh token before the last rotation."""

    access: Secret | None = None
    expires_at: float | None = None
    refresh: Secret | None = None
    previous: Secret | None = None
    profile_arn: str = ""


class Standing(Struct, frozen=True, omit_defaults=True):
    """Whether an account may serve, since when and until when; `until` None has no known end."""

    state: State
    reason: str = ""
    since: float = 0.0
    until: float | None = None

    def has_lapsed(self, now: float) -> bool:
        return self.until is not None and self.until <= now

    def outweighs(self, other: "Standing") -> bool:
        """Tell whether this standing is the graver one; a lesser one never covers a graver."""
        return self.gravity > other.gravity

    @property
    def gravity(self) -> tuple[int, float]:
        """First the kind of standing, then how long it lasts."""
        return WEIGHT[self.state], math.inf if self.until is None else self.until


class StandingChange(Struct, frozen=True):
    """Something that a person may want to know: an account stands differently now."""

    name: str
    before: Standing
    after: Standing


class AccountStatus(Struct, frozen=True):
    """What is shown of an account: its standing and counts, and never a token."""

    name: str
    kind: Kind
    source: str
    state: State
    reason: str
    since: float
    until: float | None
    token_expires_at: float | None
    requests: int
    failures: int
    refreshes: int
    in_flight: int


class AccountConfig(Struct, rename="kebab", forbid_unknown_fields=True, frozen=True):
    """One `[[accounts]]` table: a refresh token, or an API key, and what belongs to it."""

    name: str = ""
    refresh_token: Secret | None = None
    api_key: Secret | None = None
    client_id: str = ""
    client_secret: Secret | None = None
    region: str = "us-east-1"
    profile_arn: str = ""
    max_concurrent: int | None = None
    disabled: bool = False
