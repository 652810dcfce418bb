"""Puts settings and logins into force that have changed while the server runs."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import loguru
from msgspec import Struct

from ki2api.accounts.sources import AccountsUnreadable, Found
from ki2api.app import Built, build
from ki2api.reload.faults import About, Faults
from ki2api.reload.fixed import held_fast
from ki2api.reload.generations import House
from ki2api.reload.watch import Sight, changed, look, named_files
from ki2api.reload.ways import ways_of
from ki2api.settings import Loaded
from pipeline import SettingsError

EVERY = 2.0
"""Seconds between two looks."""
NO_ACCOUNT = (
    "no account is configured, so requests are answered with an error: set KIRO_API_KEY, run"
    " `ki2api login`, log in to the Kiro IDE, set KIRO_REFRESH_TOKEN or KIRO_AUTH_CONFIG, or add"
    " [[accounts]] to config.toml"
)
_SETTLE = 0.2
"""Seconds that files must stay as they are before they are read: their writer may be at work."""
_PATIENCE = 10


class Origins(Struct, frozen=True):
    """Where the settings and the accounts come from; both raise what is wrong with them."""

    read: Callable[[], Loaded]
    find: Callable[[Loaded], Found]
    places: tuple[Path, ...] = ()
    """Where the settings file may be."""


class Force(Struct, frozen=True):
    """The settings and accounts that are in force at the beginning."""

    loaded: Loaded
    found: Found


class Reloader:
    """Watches files, and gives way to what they say as soon as all of it is right.

    Requests under way go on with the settings that they began with, and the accounts with all that
    is known of them. What is wrong stays out of force, and `/health` says why.
    """

    def __init__(
        self,
        origins: Origins,
        force: Force,
        house: House,
        *,
        applied: Callable[[Loaded], None] = lambda _: None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Begin with what is in force; `applied` is called with settings that come into it."""
        self._origins = origins
        self._loaded, self._found = force.loaded, force.found
        self._house = house
        self._applied = applied
        self._pause = pause
        self._faults = Faults(house.shared)
        self._asked = asyncio.Event()
        self._told = {*force.found.warnings, *house.generations.built.warnings}
        self._named: dict[Path, frozenset[Path]] = {}
        self._found_in: dict[About, tuple[Path, ...]] = {"logins": force.found.files}
        self._sight = self._anew({})

    def ask(self) -> None:
        """Let everything be read again at once, whether a file has changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Look for changes, until cancelled; a mistake in doing so is told, and looking goes on."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._asked.wait()
            asked = self._asked.is_set()
            self._asked.clear()
            try:
                await self.check(asked=asked)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong here, requests go on
                self._faults.note("settings", error)
                self._asked.set()  # what this look has missed, the next one must not
                await self._pause(EVERY)

    async def check(self, *, asked: bool = False) -> None:
        """Look once, and take what has changed."""
        before, self._sight = self._sight, await self._settled()
        touched = changed(before, self._sight)
        if touched or asked:  # also at what is named only now, before it is read
            self._sight = await asyncio.to_thread(self._anew, self._sight)
        taken = False
        if asked or touched & self._of_settings or (touched and "settings" in self._faults):
            taken = await self._take("settings", self._take_settings)
        if touched and not taken:
            await self._take("logins", self._take_logins)
        if touched or asked:
            self._sight = await asyncio.to_thread(self._anew, self._sight)

    @property
    def _of_settings(self) -> frozenset[Path]:
        return frozenset(self._origins.places).union(*self._named.values())

    async def _settled(self) -> Sight:
        """Return what the files are, as soon as they have been so for a moment."""
        before, sight = self._sight, await self._look(self._sight)
        for _ in range(_PATIENCE):
            if not changed(before, sight):
                break
            await self._pause(_SETTLE)
            before, sight = sight, await self._look(sight)
        return sight

    async def _look(self, before: Sight) -> Sight:
        return await asyncio.to_thread(look, tuple(before), before)

    def _anew(self, before: Sight) -> Sight:
        """Look at the files that matter now; what broken settings name is what they named last."""
        for place in self._origins.places:
            named = named_files(place)
            if named is not None:
                self._named[place] = named
        matter = self._of_settings.union(*self._found_in.values())
        known = {path: seen for path, seen in before.items() if path in matter}
        # What was known stays as it was read: a change since then is for the next look to find.
        return {**known, **look(matter - known.keys(), {})}

    async def _take(self, about: About, take: Callable[[], Awaitable[None]]) -> bool:
        try:
            await take()
        except Exception as error:  # noqa: BLE001 - whatever it is, those before stay in force
            await self._pause(_SETTLE)
            if changed(self._sight, await self._look(self._sight)):
                self.ask()  # what was read is not what stands there now: its writer was at work
            else:
                self._faults.note(about, error)
            return False
        self._faults.clear("logins", about)
        return True

    async def _take_settings(self) -> None:
        loaded = await asyncio.to_thread(self._origins.read)
        if self._loaded.text and not loaded.text:
            raise SettingsError([f"{self._loaded.source} is gone: put it back"])
        loaded, warnings = held_fast(self._loaded, loaded)
        found = await self._find(loaded, "settings")
        ways = ways_of(loaded.settings.upstream, lambda: self._origins.find(loaded))
        built = build(loaded, self._house.shared, ways)
        await self._house.generations.begin(built)
        self._applied(loaded)
        self._loaded = loaded
        tell_settings(loaded, built)
        self._warn((*warnings, *built.warnings))
        self._adopt(found)

    async def _take_logins(self) -> None:
        self._adopt(await self._find(self._loaded, "logins"))

    async def _find(self, loaded: Loaded, about: About) -> Found:
        """Find the accounts, and remember which files may change what is found."""
        try:
            found = await asyncio.to_thread(self._origins.find, loaded)
        except AccountsUnreadable as error:
            self._found_in[about] = error.files
            raise
        self._found_in[about] = found.files
        return found

    def _adopt(self, found: Found) -> None:
        before, self._found = self._found, found
        self._warn(found.warnings)
        if found.credentials != before.credentials:
            self._house.shared.pool.adopt(found.credentials)
            tell_accounts(found)

    def _warn(self, warnings: Iterable[str]) -> None:
        """Tell each warning once."""
        for warning in warnings:
            if warning not in self._told:
                loguru.logger.warning("{}", warning)
        self._told.update(warnings)


def tell_settings(loaded: Loaded, built: Built) -> None:
    """Tell which settings have come into force."""
    chain = " > ".join(name for name, _ in built.gateway.chain.stages)
    end = loaded.settings.upstream.title
    loguru.logger.info("settings: {}; pipeline: {} > {}", loaded.source, chain, end)
    for note in loaded.notes:
        loguru.logger.info("{}", note)


def tell_accounts(found: Found) -> None:
    """Tell which accounts there are."""
    if not found.credentials:
        loguru.logger.warning(NO_ACCOUNT)
        return
    names = ", ".join(credential.name for credential in found.credentials)
    loguru.logger.info("accounts from {}: {}", found.place, names)
