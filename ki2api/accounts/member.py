"""One account of the pool as it is now."""

from collections import Counter
from random import Random

from msgspec import structs

from ki2api.accounts.account import (
    TOKEN_TYPES,
    AccountStatus,
    Credential,
    ModelStatus,
    Standing,
    Wallet,
)
from ki2api.accounts.companion import Access, PlanUsage
from ki2api.accounts.ledger import Record
from ki2api.accounts.profile import SHARED_PROFILES, api_region
from ki2api.accounts.strategies import Candidate
from ki2api.accounts.verdict import Streak, streak_of, verdict
from ki2api.errors import GatewayError, ModelOverloaded, RateLimited
from pipeline.secret import Secret

READY = Standing("ready")
_SHARE_OF_LIFE = 0.2
_JUST_NOW = 60.0
OF_ANY_TOKEN = frozenset({"exhausted", "quarantined"})
_LEFT_ALONE = frozenset({"quarantined", "needs-login", "disabled"})


class Member:
    """An account with its tokens, its standing and its counts.

    `wallet` holds the newest tokens that are known; `token` is the one that requests use, and
    follows the wallet only when the wallet is durable. `key` is the fingerprint of its login, and
    `lineage` that of the login it began with: it names the account whatever becomes of both.
    """

    def __init__(self, credential: Credential, position: int, now: float, early: float) -> None:
        self.position = position
        self._off: Standing | None = None
        self.standing = self._standing = READY
        self.models: dict[str, Standing] = {}
        self.streaks: Counter[Streak] = Counter()
        self.failed_last = False  # in a way that no token and no profile would mend
        self.missed_refreshes, self.refresh_fault = 0, ""
        self.no_refresh_before = 0.0
        self.requests = self.failures = self.refreshes = self.in_flight = 0
        self.due = 0.0
        self.mended_at: float | None = None  # when a token that Kiro had refused was renewed
        self.lineage = credential.fingerprint
        self.is_dead = False  # no refresh token of it works, though it may stand worse than that
        self._early = early
        self._wallet = Wallet()
        self._hold(credential, now)

    def _hold(self, credential: Credential, now: float) -> None:
        self._be_of(credential, now)
        access = credential.api_key or credential.access_token
        wallet = Wallet(access, credential.expires_at, credential.refresh_token)
        self._use(wallet, self._early)

    def _be_of(self, credential: Credential, now: float) -> None:
        self.credential = credential
        self.name, self.key = credential.name, credential.fingerprint
        self.label = credential.label
        self.shared_profile = SHARED_PROFILES.get(self.label, "")
        """The profile that all logins of a kind share (docs/kiro.md §1.7), or nothing."""
        self.token_type = TOKEN_TYPES.get(credential.kind, "")
        self.wallet = self._wallet
        reason = f"switched off in {credential.source}"
        since = self._off.since if self._off else now
        self._off = Standing("disabled", reason, since) if credential.disabled else None
        self.stand(self._standing)

    def stand(self, standing: Standing) -> None:
        """Stand so from now on; beneath a switch that is off, what was learned stays."""
        self._standing = standing
        self.standing = self._off or standing

    def standing_for(self, model: str) -> Standing:
        """How a model stands with the account, which is at best as the account itself."""
        return self.models.get(model, READY) if self.standing.state == "ready" else self.standing

    @property
    def is_left_alone(self) -> bool:
        """Tell whether Kiro must not be asked anything for this account."""
        return self.standing.state in _LEFT_ALONE

    @property
    def wallet(self) -> Wallet:
        """The newest tokens, and the profile that was found by them."""
        return self._wallet

    @wallet.setter
    def wallet(self, wallet: Wallet) -> None:
        self._wallet = wallet
        self.own_profile = self.credential.profile_arn or wallet.profile_arn
        """The profile that was given or found; nothing where only a shared one is known."""
        fallback = self.credential.api_region or api_region("", self.credential.region)
        self.region = api_region(self.own_profile, fallback)
        """The region of Kiro's API; the profile's own wins over all (docs/kiro.md §2.1)."""

    def has_room(self) -> bool:
        """Tell whether it may serve one more request beside those under way."""
        limit = self.credential.max_concurrent
        return limit is None or self.in_flight < limit

    def access(self, region: str = "") -> Access:
        """Return what a call for this account needs to know."""
        return Access(
            name=self.name,
            token=Secret("") if self.token is None else self.token,
            token_type=self.token_type,
            profile_arn=self.own_profile or self.shared_profile,
            region=region or self.region,
            proxy=self.credential.proxy,
        )

    def can_serve(self, model: str) -> bool:
        """Tell whether neither the account nor this model on it has to rest."""
        is_up = self.standing.state == "ready"
        return is_up and (not self.models or self.standing_for(model).state == "ready")

    def settle(self, now: float) -> Standing | None:
        """Let what has lapsed lapse; return the account's standing before, if it has changed."""
        if self._standing.until is None and not self.models:
            return None  # as it mostly is, and this is asked of every account at every request
        if self.models:
            resting = self.models.items()
            self.models = {model: each for model, each in resting if not each.has_lapsed(now)}
        if not self._standing.has_lapsed(now):
            return None
        before = self.standing
        self.recover(now)
        return before if self.standing != before else None

    def recover(self, now: float) -> None:
        """Stand ready again; a login that was dead may be tried once more."""
        self.stand(structs.replace(READY, since=now))
        self.is_dead = False

    def worsen(self, standing: Standing) -> bool:
        """Stand so, unless it would cover a graver standing; tell whether that changed anything."""
        worse = standing.outweighs(self._standing)
        if worse:
            self.stand(standing)
        return worse

    def succeed(self, model: str) -> None:
        """Learn that Kiro served it, and count faults anew, those of other models apart."""
        self.failed_last = False
        if self.streaks:
            theirs = {row: n for row, n in self.streaks.items() if row[1] not in {"", model}}
            self.streaks = Counter(theirs)

    def learn(self, error: BaseException | None, model: str, now: float, random: Random) -> bool:
        """Let the outcome of a request change how the account, or a model on it, stands.

        Tells whether it did. An error that has no waiting time of its own gets the one it led to.
        """
        streak = streak_of(error, model)
        judged = verdict(error, now, self.streaks[streak] if streak else 0, random)
        if judged is None or not isinstance(error, GatewayError):
            return False
        before = self.models.get(model, READY) if judged.of_model else self._standing
        # Nothing is leased while it pauses: what fails alike meanwhile had begun before.
        is_echo = before.state == judged.standing.state
        if streak and not is_echo:
            self.streaks[streak] += 1
        is_told = bool(error.retry_after) or judged.standing.until is None
        changes = judged.standing.outweighs(before) and (is_told or not is_echo)
        now_stands = judged.standing if changes else before
        if changes and judged.of_model:
            self.models[model] = judged.standing
        elif changes:
            self.stand(judged.standing)
        waited_for = isinstance(error, RateLimited | ModelOverloaded)
        if waited_for and error.retry_after is None and now_stands.until:
            error.retry_after = now_stands.until - now
        return changes

    def was_mended(self, now: float) -> bool:
        """Tell whether a token that Kiro had refused was renewed just now."""
        return self.mended_at is not None and now - self.mended_at < _JUST_NOW

    def has_token(self, now: float) -> bool:
        """Tell whether requests can use `token`; one without a known end lasts until refused."""
        if self.token is None:
            return False
        if self.expires_at is None:
            return self.wallet.refresh is None
        return now < self.expires_at

    def is_due(self, now: float) -> bool:
        """Tell whether the token, though it still works, should be renewed now."""
        if now < self._due_at or now < self.no_refresh_before:
            return False
        return self.wallet.refresh is not None and not self.is_dead

    def serve(self, now: float) -> None:
        """Let requests use what the wallet holds; a short life is not renewed all the time."""
        life = (self.wallet.expires_at or now) - now
        self._use(self.wallet, min(self._early, life * _SHARE_OF_LIFE))
        self.refreshes += 1
        self.missed_refreshes, self.refresh_fault, self.is_dead = 0, "", False

    def take(self, credential: Credential, position: int, now: float) -> None:
        """Go on with what now stands in the place that the account came from.

        New tokens mend a dead login, but neither a spent plan nor a suspension.
        """
        self.position = position
        if self.is_of(credential):
            self._be_of(credential, now)
            self._take_newer_token(credential, now)
            return
        profile = self.wallet.profile_arn
        self.missed_refreshes, self.refresh_fault = 0, ""
        self.no_refresh_before, self.mended_at = 0.0, None
        self.mend(now)
        self._hold(credential, now)
        self.wallet = structs.replace(self.wallet, profile_arn=profile)

    def mend(self, now: float) -> None:
        """End what another login ends: the death of the one before and a refusal, but not a 429."""
        self.revive(now)
        self.streaks.pop(("refusal", ""), None)
        if self._standing.state == "cooling" and not self.streaks[("rate-limit", "")]:
            self.recover(now)

    def revive(self, now: float) -> None:
        """Believe in the login again, as it has brought a token."""
        self.is_dead = False
        if self._standing.state == "needs-login":
            self.recover(now)

    def is_of(self, credential: Credential) -> bool:
        """Tell whether this is the login that the member has, also after we wrote it back."""
        written_back = structs.replace(self.credential, refresh_token=self.wallet.refresh)
        return credential.fingerprint in {self.key, written_back.fingerprint}

    def is_followed_by(self, credential: Credential) -> bool:
        """Tell whether another login has taken the place of the one that the member has."""
        return bool(credential.slot) and credential.slot == self.credential.slot

    def _take_newer_token(self, credential: Credential, now: float) -> None:
        """Use an access token that another program got meanwhile by the same refresh token.

        Where it has not ended, that login lives.
        """
        newer = (credential.expires_at or 0.0) > (self.wallet.expires_at or 0.0)
        if newer and credential.access_token and credential.access_token != self.wallet.access:
            access, ends = credential.access_token, credential.expires_at
            self._use(structs.replace(self.wallet, access=access, expires_at=ends), self._early)
            if self.has_token(now):
                self.revive(now)

    def restore(self, record: Record, now: float, *, wallet: bool = True) -> None:
        """Go on from what an earlier process kept; without its tokens if they are another's."""
        if record.standing is not None:
            self.worsen(record.standing.counted_from(now))
        self.models = {
            model: standing.counted_from(now) for model, standing in record.models.items()
        }
        if wallet:
            self.restore_tokens(record.wallet, now)

    def restore_tokens(self, wallet: Wallet, now: float) -> None:
        """Go on with the tokens that were kept of this login: its place may hold spent ones."""
        if self.credential.kind != "api-key":
            self._use(wallet, self._early)
            self._take_newer_token(self.credential, now)

    def _use(self, wallet: Wallet, early: float) -> None:
        self.wallet = wallet
        self.token: Secret | None = wallet.access
        self.expires_at = wallet.expires_at
        self._due_at = (wallet.expires_at or 0.0) - early

    def record(self, now: float) -> Record:
        """Return what outlives this process; an API key never changes, so it is not written.

        Only what another login may inherit says where it stood.
        """
        return Record(
            name=self.name,
            source=self.credential.source if self.credential.slot else "",
            saved_at=now,
            wallet=Wallet() if self.credential.kind == "api-key" else self.wallet,
            standing=self._standing if self._standing.state != "ready" else None,
            models=dict(self.models),
        )

    def candidate(self, round_: float, usage: PlanUsage | None) -> Candidate:
        """Return what a strategy sees; who was away does not catch up on the turns it missed."""
        return Candidate(
            name=self.name,
            position=self.position,
            weight=self.credential.weight,
            due=self.due if self.due > round_ else round_,  # noqa: FURB136 - a call more, each time
            in_flight=self.in_flight,
            requests=self.requests,
            usage=usage,
        )

    def status(self, usage: PlanUsage | None, models_listed: int | None = None) -> AccountStatus:
        standing = structs.asdict(self.standing) | {"since": self.standing.since or None}
        return AccountStatus(
            name=self.name,
            kind=self.label,
            source=self.credential.source,
            models=[
                ModelStatus(model, **structs.asdict(standing))
                for model, standing in sorted(self.models.items())
            ],
            region=self.region,
            has_profile=bool(self.own_profile),
            token_expires_at=self.expires_at,
            requests=self.requests,
            failures=self.failures,
            refreshes=self.refreshes,
            in_flight=self.in_flight,
            models_listed=models_listed,
            usage=usage,
            **standing,
        )
