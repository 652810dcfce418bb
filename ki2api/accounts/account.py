"""The values of this room: what is known of an account, how it stands, and what of it is shown."""

import hashlib
import math
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct, structs

from ki2api.accounts.companion import PlanUsage
from pipeline.secret import Secret

Kind: TypeAlias = Literal["social", "oidc", "external-idp", "api-key"]
BUILDER_ID_URL = "https://view.awsapps.com/start"
"""The start URL of AWS Builder ID (docs/kiro.md §1.10); any other is an Identity Center."""
TOKEN_TYPES: dict[Kind, str] = {"api-key": "API_KEY", "external-idp": "EXTERNAL_IDP"}
"""The header that tells Kiro of a token that is not its own (docs/kiro.md §1.1)."""
State: TypeAlias = Literal[
    "ready", "cooling", "exhausted", "quarantined", "needs-login", "disabled"
]

WEIGHT: dict[State, int] = {
    "ready": 0,
    "cooling": 1,
    "needs-login": 2,
    "exhausted": 3,
    "quarantined": 4,
    "disabled": 5,
}
"""A new login ends `needs-login`, so what no login ends must not be forgotten beneath it."""


class Origin(Struct, frozen=True):
    """The foreign file that a credential lies in; it is written only where a person asked for it.

    `key` is the row of a database that holds the token, and nothing for a file of JSON.
    """

    path: Path
    key: str = ""
    write_back: bool = False


class Credential(Struct, frozen=True):
    """What a person gave for one account; another one takes its place when the file changes.

    `region` is that of the sign-in service, `api_region` that of Kiro's API where it was said.
    `source` says in words where the credential was found, `origin` in which foreign file it lies.
    `named` tells whether the name stays with the account: one that only counts accounts does not.
    """

    name: str
    kind: Kind
    refresh_token: Secret | None = None
    access_token: Secret | None = None
    expires_at: float | None = None
    api_key: Secret | None = None
    client_id: str = ""
    client_secret: Secret | None = None
    token_endpoint: str = ""
    scopes: str = ""
    provider: str = ""
    start_url: str = ""
    region: str = "us-east-1"
    api_region: str = ""
    profile_arn: str = ""
    disabled: bool = False
    max_concurrent: int | None = None
    weight: int = 1
    proxy: Secret | None = None
    source: str = ""
    origin: Origin | None = None
    named: bool = True

    @property
    def slot(self) -> str:
        """What stays when another login takes the place of this one: its name, else its file.

        Empty where nothing does: then another login is another account.
        """
        if self.named:
            return self.name
        return str(self.origin.path) if self.origin else ""

    @property
    def seed(self) -> str:
        """The one secret that makes this credential what it is."""
        secret = self.api_key or self.refresh_token or self.access_token
        return secret.reveal() if secret else ""

    @property
    def label(self) -> str:
        """The kind in the words that people know: an OIDC login is one of two things."""
        if self.kind != "oidc":
            return self.kind
        if self.provider.lower() == "builderid" or self.start_url.rstrip("/") == BUILDER_ID_URL:
            return "builder-id"
        return "identity-center" if self.provider or self.start_url else "oidc"

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

    def counted_from(self, now: float) -> "Standing":
        """Return the same pause beginning now, if the clock was set back to before it began."""
        if self.since <= now:
            return self
        until = None if self.until is None else self.until - self.since + now
        return structs.replace(self, since=now, until=until)

    @property
    def gravity(self) -> tuple[int, float]:
        """First the kind of standing, then how long it lasts."""
        return WEIGHT[self.state], math.inf if self.until is None else self.until


class StandingChange(Struct, frozen=True):
    """Something that a person may want to know: an account stands differently now."""

    name: str
    before: Standing
    after: Standing


class ModelStatus(Struct, frozen=True):
    """How one model stands with an account that serves others."""

    model: str
    state: State
    reason: str
    since: float
    until: float | None


class AccountStatus(Struct, frozen=True):
    """What is shown of an account: its standing and counts, and never a token.

    `since` is null for an account that has stood so from the start; times are in Unix seconds.
    """

    name: str
    kind: str
    source: str
    state: State
    reason: str
    since: float | None
    until: float | None
    models: list[ModelStatus]
    region: str
    has_profile: bool
    token_expires_at: float | None
    requests: int
    failures: int
    refreshes: int
    in_flight: int
    models_listed: int | None = None
    """How many models the plan lists; null where Kiro was not asked yet."""
    usage: PlanUsage | None = None


class AccountConfig(Struct, rename="kebab", forbid_unknown_fields=True, frozen=True):
    """One `[[accounts]]` table: what the account signs in with, and how it is used."""

    name: str = ""
    refresh_token: Secret | None = None
    api_key: Secret | None = None
    token_file: str = ""
    """A token file of the Kiro IDE, read in place of `refresh-token`."""
    database: str = ""
    """A database of kiro-cli or Amazon Q, read in place of `refresh-token`."""
    write_back: bool = False
    """Also write a rotated token into that file, so that its owner stays logged in."""
    client_id: str = ""
    client_secret: Secret | None = None
    token_endpoint: str = ""
    scopes: str = ""
    start_url: str = ""
    region: str = ""
    """Of the sign-in service; otherwise what the file says, else us-east-1."""
    api_region: str = ""
    """Of Kiro's API; otherwise the profile's, else the one that serves the sign-in's."""
    profile_arn: str = ""
    max_concurrent: int | None = None
    weight: int = 1
    """How many turns the account takes where another takes one."""
    proxy: Secret | None = None
    """The only way out for this account; when it fails, the account fails."""
    disabled: bool = False
