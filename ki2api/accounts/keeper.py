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

    async def load(self) -> None:
        """Read what an earlier process kept; raises StateUnreadable."""
        self._records = dict(await self._store.load())

    def save(self, member: Member) -> None:
        """Keep what is known of a member, without waiting."""
        self._errands.send(self.keep(member))

    async def keep(self, member: Member) -> None:
        """Keep what is known of a member; it is durable when this returns."""
        await self._put(member.key, member.record(self._clock()))

    async def keep_former(self, member: Member, login: Credential, wallet: Wallet) -> None:
        """Keep the tokens of a login that another one has replaced: a person may go back to it."""
        record = structs.replace(member.record(self._clock()), wallet=wallet)
        await self._put(login.fingerprint, record)

    def restore(self, member: Member) -> None:
        """Let a member go on from what was kept of its login, or at least of its account.

        What is in use is kept anew, so that it does not grow old, whatever the clock was then.
        """
        own = self._records.get(member.key)
        if record := own or self._namesake(member):
            member.restore(record, self._clock(), wallet=own is not None)
            self.save(member)

    async def _put(self, key: str, record: Record) -> None:
        self._records[key] = record
        await self._store.save(key, record)

    def _namesake(self, member: Member) -> Record | None:
        """Return the record of an account whose login was replaced while no gateway ran.

        A new token ends neither a suspension nor a spent plan.
        """
        found = [
            record
            for record in self._records.values()
            if (record.name, record.source) == (member.name, member.credential.source)
        ]
        newest = max(found, key=lambda record: record.saved_at, default=None)
        standing = newest and newest.standing
        return newest if standing and standing.state in OF_ANY_TOKEN else None
