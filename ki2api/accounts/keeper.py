"""Keeps what is known of each account beyond the life of this process."""

from collections.abc import Callable

from msgspec import structs

from ki2api.accounts.account import Credential, Wallet
from ki2api.accounts.errands import Errands
from ki2api.accounts.ledger import Record, StateStore
from ki2api.accounts.member import OF_ANY_TOKEN, Member


class Keeper:
    """Writes records of members beside the requests, and finds the right one again."""

    def __init__(self, store: StateStore, errands: Errands, clock: Callable[[], float]) -> None:
        self._store = store
        self._errands = errands
        self._clock = clock
        self._records: dict[str, Record] = {}
        self._lineages: dict[str, str] = {}
        self._earlier: set[str] = set()

    async def load(self) -> None:
        """Read what an earlier process kept; raises StateUnreadable."""
        self._records = dict(await self._store.load())
        self._earlier = set(self._records)

    def save(self, member: Member) -> None:
        """Keep what is known of a member, without waiting."""
        self._note(member)
        self._errands.send(self._write(member.key))

    async def keep(self, member: Member) -> None:
        """Keep what is known of a member; it is durable when this returns."""
        self._note(member)
        await self._write(member.key)

    async def keep_former(self, member: Member, login: Credential, wallet: Wallet) -> None:
        """Keep the tokens of a login that another one has replaced: a person may go back to it."""
        record = structs.replace(member.record(self._clock()), wallet=wallet)
        self._records[login.fingerprint] = record
        await self._write(login.fingerprint)

    def restore(self, member: Member) -> bool:
        """Let a member go on from what was kept of its login, or at least of its account.

        What is in use is kept anew, so that it does not grow old, whatever the clock was then.
        Tells whether an earlier process kept it, and this one learns of it now.
        """
        own = member.key in self._records
        key = member.key if own else self._namesake(member)
        is_news = key in self._earlier
        if key:
            self._earlier.discard(key)
            member.lineage = self._lineages.get(key, key)
            member.restore(self._records[key], self._clock(), wallet=own)
            self.save(member)
        return is_news

    def replace_login(self, member: Member, credential: Credential, position: int) -> None:
        """Let a member go on with what now stands in its place.

        The tokens there may be spent long since: those that were kept of the same login win.
        """
        now = self._clock()
        before, is_another = (member.key, member.standing), not member.is_of(credential)
        member.take(credential, position, now)
        kept = self._records.get(member.key) if is_another else None
        if kept:
            member.restore_tokens(kept.wallet, now)
        if (member.key, member.standing) != before:
            self.save(member)

    def _note(self, member: Member) -> None:
        self._records[member.key] = member.record(self._clock())
        self._lineages[member.key] = member.lineage

    def _namesake(self, member: Member) -> str:
        """Return the key of an account whose login was replaced while no gateway ran.

        A new token ends neither a suspension nor a spent plan.
        """
        account = (member.name, member.credential.source)
        found = [
            key
            for key, record in self._records.items()
            if (record.name, record.source) == account and member.credential.slot
        ]
        newest = max(found, key=lambda key: self._records[key].saved_at, default="")
        standing = self._records[newest].standing if newest else None
        return newest if standing and standing.state in OF_ANY_TOKEN else ""

    async def _write(self, key: str) -> None:
        # What is newest when the turn comes: no save may undo a later one.
        await self._store.save(key, self._records[key])
