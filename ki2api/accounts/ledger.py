"""What must outlive a restart: rotated tokens, and standings that last."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Literal, Protocol

import msgspec
from msgspec import Struct

from ki2api.accounts import sealed
from ki2api.accounts.account import Standing, Wallet
from ki2api.accounts.errands import Errands
from ki2api.accounts.statefile import StateFile, StateUnreadable, shown

_RETRY_SECONDS = 5.0
_FORGOTTEN_AFTER = 90 * 86_400.0  # no refresh token lives that long (docs/kiro.md §1.8)


class Record(Struct, frozen=True, omit_defaults=True):
    """What is kept of one account; the name is there for people who read the file."""

    name: str
    saved_at: float
    wallet: Wallet
    standing: Standing | None = None
    models: dict[str, Standing] = {}
    source: str = ""


class StateStore(Protocol):
    """Keeps records by the fingerprint of the credential that they grew from."""

    @property
    def degraded(self) -> str:
        """Why records are not durable just now; empty when they are."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of the state that was found by `load`."""

    async def load(self) -> Mapping[str, Record]: ...

    async def save(self, key: str, record: Record) -> None:
        """Return when the record is durable, or, with `degraded` set, when it cannot be."""

    async def close(self) -> None: ...


class MemoryStore:
    """Keeps records as long as the process lives."""

    degraded = ""
    warnings: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    async def load(self) -> Mapping[str, Record]:
        return dict(self._records)

    async def save(self, key: str, record: Record) -> None:
        self._records[key] = record

    async def close(self) -> None:
        """Nothing is open."""


class _Document(Struct, frozen=True):
    accounts: dict[str, Record] = {}
    version: Literal[1] = 1


def records_of(content: bytes) -> dict[str, Record] | None:
    """Return the records that a state file holds; None where it cannot be understood."""
    try:
        return sealed.decode(content or b"{}", _Document).accounts
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class FileStore:
    """Keeps records in one JSON file; a write that fails is repeated until it works."""

    def __init__(
        self,
        path: Path,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.degraded = ""
        self._told = told
        self.warnings: tuple[str, ...] = ()
        self._file = StateFile(path)
        self._pause = pause
        self._records: dict[str, Record] = {}
        self._written: dict[str, Record] | None = None
        self._turn = asyncio.Lock()
        self._writes = Errands()
        self._later = Errands()

    async def load(self) -> Mapping[str, Record]:
        """Read the file; raises StateUnreadable where it is there and must not be touched."""
        self._records = await asyncio.to_thread(self._open)
        return dict(self._records)

    async def save(self, key: str, record: Record) -> None:
        oldest = record.saved_at - _FORGOTTEN_AFTER
        kept = {name: held for name, held in self._records.items() if held.saved_at > oldest}
        self._records = kept | {key: record}
        await self._flush()

    async def close(self) -> None:
        await self._later.finish(0.0)
        await self._writes.finish()
        if self.degraded:
            await self._write()
            await self._later.finish(0.0)
        self._file.let_go()

    def _open(self) -> dict[str, Record]:
        try:
            self._file.claim()
        except OSError as error:
            self._complain(error)  # claimed by the first write that works
        return self._read()

    def _claim_late(self) -> dict[str, Record]:
        self._file.claim()
        try:
            return self._read()
        except StateUnreadable:
            self._file.let_go()
            raise

    def _read(self) -> dict[str, Record]:
        content, warning = self._file.read()
        self.warnings = (warning,) if warning else ()
        records = records_of(content)
        if records is None:
            self.warnings = (*self.warnings, self._set_aside())
        return records or {}

    def _set_aside(self) -> str:
        try:
            aside = f"was moved to {self._file.set_aside().name}"
        except OSError as error:
            aside = f"cannot be moved ({error.strerror})"
        path = shown(self._file.path)
        return f"{path} could not be understood and {aside}: the accounts start afresh"

    async def _flush(self) -> None:
        # Whoever waits here may be cancelled; a write under way must not be.
        await asyncio.shield(self._writes.start(self._write()))

    async def _write(self) -> None:
        async with self._turn:
            if self._written is self._records:
                return  # a write that ran meanwhile has taken this record along
            try:
                if not self._file.is_claimed:
                    # What stood in a folder that was closed till now must not be lost either.
                    self._records = await asyncio.to_thread(self._claim_late) | self._records
                records = self._records
                document = msgspec.json.format(sealed.encode(_Document(records)))
                await asyncio.to_thread(self._file.replace, document)
            except Exception as error:  # noqa: BLE001 - told, and tried again: no request ends by it
                self._complain(error)
                if not self._later:
                    self._later.send(self._write_later())
            else:
                self.degraded, self._written = "", records

    async def _write_later(self) -> None:
        await self._pause(_RETRY_SECONDS)
        while self.degraded:
            await self._flush()
            await self._pause(_RETRY_SECONDS)

    def _complain(self, error: Exception) -> None:
        before, path = self.degraded, shown(self._file.path)
        match error:
            case OSError():
                reason = error.strerror
            case StateUnreadable():
                reason = str(error)
            case _:
                reason = type(error).__name__  # whose text may quote what was to be written
        self.degraded = f"{path} cannot be written ({reason}): tokens live in memory only"
        if self.degraded != before:
            self._told(self.degraded)
