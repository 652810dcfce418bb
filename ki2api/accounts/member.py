"""One account of the pool as it is now."""

from msgspec import structs

from ki2api.accounts.account import AccountStatus, Credential, Standing, Wallet
from ki2api.accounts.ledger import Record
from ki2api.accounts.profile import SHARED_PROFILES, api_region
from pipeline.secret import Secret

READY = Standing("ready")
_LASTING = frozenset({"exhausted", "quarantined", "needs-login"})
_SHARE_OF_LIFE = 0.2


class Member:
    """An account with its tokens, its standing and its counts.

    `wallet` holds the newest tokens that are known; `token` is the one that requests use, and
    follows the wallet only when the wallet is durable.
    """

    def __init__(self, credential: Credential, position: int, now: float, early: float) -> None:
        self.credential = credential
        self.position = position
        self.key = credential.fingerprint
        self.standing = READY
        if credential.disabled:
            self.standing = Standing("disabled", f"switched off in {credential.source}", now)
        self.rate_limits = 0
        self.missed_refreshes = 0
        self.no_refresh_before = 0.0
        self.requests = self.failures = self.refreshes = self.in_flight = 0
        self._early = early
        self._use(
            Wallet(
                access=credential.api_key or credential.access_token,
                expires_at=credential.expires_at,
                refresh=credential.refresh_token,
            ),
            early,
        )

    @property
    def name(self) -> str:
        return self.credential.name

    @property
    def profile_arn(self) -> str:
        """The profile: the one given, else the one a refresh told, else the shared one (§1.7)."""
        kind = self.credential.kind
        return self._own_profile or SHARED_PROFILES[kind]

    @property
    def region(self) -> str:
        return api_region(self._own_profile, self.credential.region)

    @property
    def _own_profile(self) -> str:
        return self.credential.profile_arn or self.wallet.profile_arn

    @property
    def has_room(self) -> bool:
        limit = self.credential.max_concurrent
        return limit is None or self.in_flight < limit

    def has_token(self, now: float) -> bool:
        """Tell whether requests can use `token`; one without a known end lasts until refused."""
        if self.token is None:
            return False
        if self.expires_at is None:
            return self.wallet.refresh is None
        return now < self.expires_at

    def is_due(self, now: float) -> bool:
        """Tell whether the token, though it still works, should be renewed now."""
        return self.wallet.refresh is not None and now >= max(self._due_at, self.no_refresh_before)

    def serve(self, now: float) -> None:
        """Let requests use what the wallet holds; a short life is not renewed all the time."""
        life = (self.wallet.expires_at or now) - now
        self._use(self.wallet, min(self._early, life * _SHARE_OF_LIFE))

    def restore(self, record: Record) -> None:
        """Go on from what an earlier process kept."""
        if self.credential.kind != "api-key":
            self._use(record.wallet, self._early)
        if record.standing is not None and record.standing.outweighs(self.standing):
            self.standing = record.standing

    def _use(self, wallet: Wallet, early: float) -> None:
        self.wallet = wallet
        self.token: Secret | None = wallet.access
        self.expires_at = wallet.expires_at
        self._due_at = (wallet.expires_at or 0.0) - early

    def record(self, now: float) -> Record:
        """Return what outlives this process; an API key never changes, so it is not written."""
        wallet = Wallet() if self.credential.kind == "api-key" else self.wallet
        standing = self.standing if is_lasting(self.standing) else None
        return Record(self.name, now, wallet, standing)

    def status(self) -> AccountStatus:
        return AccountStatus(
            name=self.name,
            kind=self.credential.kind,
            source=self.credential.source,
            token_expires_at=self.expires_at,
            requests=self.requests,
            failures=self.failures,
            refreshes=self.refreshes,
            in_flight=self.in_flight,
            **structs.asdict(self.standing),
        )


def is_lasting(standing: Standing) -> bool:
    """Tell whether a standing outlives a restart; a pause of a minute does not."""
    return standing.state in _LASTING
