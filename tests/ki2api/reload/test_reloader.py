"""What changes on the disk comes into force, step by step and without a clock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ki2api.accounts.account import Credential
from ki2api.accounts.sources import AccountsUnreadable, Found
from ki2api.reload.generations import House, opened
from ki2api.reload.reloader import Force, Origins, Reloader
from ki2api.settings import Loaded, load
from pipeline import Secret

pytestmark = pytest.mark.anyio

ALIAS = '[[models]]\nname = "mine"\nmodel = "auto"\n'
STATE = '[state]\npath = ""\n'


class Stand:
    """A house, the files that its settings and logins come from, and a reloader over them."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.toml"
        self.config.write_text(STATE)
        self.tokens = folder / "tokens"
        self.tokens.write_text("one")
        self.applied: list[Loaded] = []
        self.at_applied: Callable[[], object] = lambda: None
        self.pauses: list[float] = []
        self.at_pause: Callable[[], object] = lambda: None
        self.after_read: Callable[[], object] = lambda: None
        self.house: House
        self.reloader: Reloader

    def read(self) -> Loaded:
        try:
            return load({}, self.config if self.config.exists() else None)
        finally:
            self.after_read()

    def find(self, _: Loaded) -> Found:
        text = self.tokens.read_text()
        if text == "broken":
            error = AccountsUnreadable("tokens is broken: mend it")
            error.files = (self.tokens,)
            raise error
        credentials = [
            Credential(name=each, kind="social", refresh_token=Secret(each))
            for each in text.split()
        ]
        return Found("tokens", tuple(credentials), ("a warning",), (self.tokens,))

    def apply(self, loaded: Loaded) -> None:
        self.applied.append(loaded)
        self.at_applied()

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at_pause()

    async def check(self, **options: bool) -> None:
        await self.reloader.check(**options)

    @property
    def aliases(self) -> list[str]:
        models = self.house.generations.built.gateway.models
        return [name for name in ("mine", "yours") if models.known(name)]

    @property
    def fault(self) -> str:
        return self.house.shared.fault


@pytest.fixture
async def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    stand = Stand(tmp_path)
    loaded = stand.read()
    found = stand.find(loaded)
    async with opened(loaded, found, lambda: stand.find(loaded)) as stand.house:
        stand.reloader = Reloader(
            Origins(stand.read, stand.find, (stand.config,)),
            Force(loaded, found),
            stand.house,
            applied=stand.apply,
            pause=stand.pause,
        )
        yield stand


async def test_nothing_happens_where_nothing_changed(stand: Stand) -> None:
    before = stand.house.generations.built
    await stand.check()
    stand.config.touch()
    await stand.check()
    assert stand.house.generations.built is before
    assert stand.pauses == []


async def test_new_settings_come_into_force_and_are_told(stand: Stand, log: list[str]) -> None:
    stand.config.write_text(STATE + ALIAS)
    await stand.check()
    assert stand.aliases == ["mine"]
    assert stand.applied[-1].settings.models
    assert any(f"settings: {stand.config}; pipeline: auth > " in line for line in log)
    assert not any("WARNING" in line for line in log)
    assert stand.house.shared.pool.names() == ["one"]


async def test_a_stage_that_changes_as_soon_as_it_is_in_force_is_read_again(
    stand: Stand, tmp_path: Path
) -> None:
    stage = tmp_path / "mine.py"
    stage.write_text("def request(flow): pass")
    stage.chmod(0o644)
    stand.at_applied = lambda: stage.write_text("def request(flow): return")
    stand.config.write_text(f'{STATE}[[pipeline]]\nstage = "./mine.py"\nafter = "auth"\n')
    await stand.check()
    await stand.check()
    assert len(stand.applied) == 2


async def test_a_file_that_is_just_being_written_is_not_read_before_it_is_whole(
    stand: Stand,
) -> None:
    parts = iter([STATE + "[[models", STATE + ALIAS])
    stand.at_pause = lambda: stand.config.write_text(next(parts, STATE + ALIAS))
    stand.config.write_text(STATE + "[[")
    await stand.check()
    assert stand.aliases == ["mine"]
    assert stand.fault == ""
    assert len(stand.pauses) == 3


async def test_a_file_that_is_always_being_written_is_read_all_the_same(stand: Stand) -> None:
    numbers = iter(range(1000))
    stand.at_pause = lambda: stand.config.write_text(f"{STATE}{ALIAS}# {next(numbers)}\n")
    stand.config.write_text(STATE + ALIAS)
    await stand.check()
    assert stand.aliases == ["mine"]
    assert len(stand.pauses) == 10


async def test_what_was_read_in_the_middle_of_writing_is_no_fault_and_is_read_again(
    stand: Stand, log: list[str]
) -> None:
    stand.config.write_text("")
    stand.after_read = lambda: stand.config.write_text(STATE + ALIAS)
    await stand.check(asked=True)
    assert stand.fault == ""
    assert not any("ERROR" in line for line in log)
    await stand.check()
    assert stand.aliases == ["mine"]


async def test_a_change_while_the_one_before_comes_into_force_is_not_lost(stand: Stand) -> None:
    def change() -> None:
        stand.after_read = lambda: None
        stand.config.write_text(STATE)

    stand.after_read = change
    stand.config.write_text(STATE + ALIAS)
    await stand.check()
    assert stand.aliases == ["mine"]
    await stand.check()
    assert stand.aliases == []


async def test_broken_settings_stay_out_of_force_and_are_told_once(
    stand: Stand, log: list[str]
) -> None:
    stand.config.write_text(STATE + ALIAS)
    await stand.check()
    stand.config.write_text("[server")
    await stand.check()
    stand.config.write_text("[server  ")
    await stand.check(asked=True)
    assert stand.aliases == ["mine"]
    assert f"those before are in force: {stand.config}:1" in stand.fault
    assert stand.house.generations.built.gateway.fault() == stand.fault
    stand.config.write_text(STATE)
    await stand.check()
    assert stand.fault == ""
    assert stand.aliases == []


async def test_a_file_that_broken_settings_name_may_mend_them(stand: Stand) -> None:
    text = '[[pipeline]]\nstage = "./mine.py"\nafter = "normalize"\n'
    stand.config.write_text(STATE + ALIAS + text)
    await stand.check()
    assert "mine.py" in stand.fault
    file = stand.config.with_name("mine.py")
    file.write_text('"""Mine."""\n\n\ndef request(flow):\n    pass\n')
    file.chmod(0o600)
    await stand.check()
    assert stand.fault == ""
    assert stand.aliases == ["mine"]


async def test_a_settings_file_that_is_gone_leaves_the_settings_in_force(stand: Stand) -> None:
    stand.config.unlink()
    await stand.check()
    assert f"{stand.config} is gone: put it back" in stand.fault
    assert stand.house.generations.built.gateway.keys.default_active


async def test_what_cannot_change_is_told_once(stand: Stand, log: list[str]) -> None:
    stand.config.write_text(f"{STATE}[server]\nport = 1\n")
    await stand.check()
    await stand.check(asked=True)
    assert sum("server.port cannot change while serving" in line for line in log) == 1
    assert stand.applied[-1].settings.server.port == 8989


async def test_new_logins_are_adopted_without_a_new_gateway(stand: Stand, log: list[str]) -> None:
    before = stand.house.generations.built
    stand.tokens.write_text("one two")
    await stand.check()
    assert stand.house.shared.pool.names() == ["one", "two"]
    assert stand.house.generations.built is before
    assert log == ["INFO accounts from tokens: one, two\n"]
    stand.tokens.write_text("")
    await stand.check()
    assert stand.house.shared.pool.names() == []
    assert "no account is configured" in log[-1]


async def test_logins_that_cannot_be_read_stay_as_they_were(stand: Stand, log: list[str]) -> None:
    stand.tokens.write_text("broken")
    await stand.check()
    await stand.check()
    assert stand.house.shared.pool.names() == ["one"]
    assert "the logins have faults" in stand.fault
    assert sum("tokens is broken" in line for line in log) == 1
    stand.tokens.write_text("two")
    await stand.check()
    assert stand.fault == ""
    assert stand.house.shared.pool.names() == ["two"]


async def test_broken_settings_do_not_keep_new_logins_out(stand: Stand) -> None:
    stand.config.write_text("[server")
    await stand.check()
    stand.tokens.write_text("two")
    await stand.check()
    assert stand.house.shared.pool.names() == ["two"]
    assert "the settings have faults" in stand.fault


async def test_settings_wait_for_logins_that_can_be_read(stand: Stand) -> None:
    stand.tokens.write_text("broken")
    stand.config.write_text(STATE + ALIAS)
    await stand.check()
    assert stand.aliases == []
    stand.tokens.write_text("two")
    await stand.check()
    assert stand.aliases == ["mine"]
    assert stand.fault == ""


async def test_whoever_asks_gets_a_new_gateway_at_once(stand: Stand) -> None:
    before = stand.house.generations.built
    running = asyncio.ensure_future(stand.reloader.run())
    stand.reloader.ask()
    while stand.house.generations.built is before:
        await asyncio.sleep(0.001)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_mistake_in_looking_is_told_and_looking_goes_on(
    stand: Stand, log: list[str]
) -> None:
    def fail(_: Any) -> None:
        raise ZeroDivisionError

    applied = stand.reloader._applied
    stand.reloader._applied = fail
    running = asyncio.ensure_future(stand.reloader.run())
    stand.reloader.ask()
    while not any("the new settings have faults" in line for line in log):
        await asyncio.sleep(0.001)
    assert stand.fault.endswith("in force: ZeroDivisionError: ")
    stand.reloader._applied = applied
    stand.config.write_text(STATE + ALIAS)
    stand.reloader.ask()
    while not stand.applied:
        await asyncio.sleep(0.001)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert stand.aliases == ["mine"]


async def test_after_a_look_that_failed_everything_is_read_again(stand: Stand) -> None:
    faults: list[str] = []

    def fail_once() -> None:
        stand.at_pause = lambda: faults.append(stand.fault)
        raise ZeroDivisionError

    stand.at_pause = fail_once
    stand.config.write_text(STATE + ALIAS)
    stand.reloader.ask()
    running = asyncio.ensure_future(stand.reloader.run())
    while not stand.applied:
        await asyncio.sleep(0.001)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert "ZeroDivisionError" in faults[0]
    assert stand.fault == ""
