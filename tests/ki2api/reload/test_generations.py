"""Gateways that follow each other, and end after their last use."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from ki2api.app import Built, build
from ki2api.reload.generations import Generations, House
from ki2api.reload.ways import ways_of
from ki2api.settings import Loaded
from ki2api.web.gateway import GATEWAY
from pipeline import PipelineError

pytestmark = pytest.mark.anyio

STAGE = '''"""Notes in a file what becomes of it."""
from asyncio import CancelledError, current_task, sleep
from pathlib import Path

from ki2api.flow import GatewayFlow
from pipeline import Stage, StageConfig

KINDS = {kind.__name__: kind for kind in (ValueError, SystemExit, CancelledError)}
DIARY = Path(__file__).with_name("diary")


class Config(StageConfig, frozen=True):
    """What becomes of it."""

    fails: str = ""
    """At what it fails."""
    kind: str = "ValueError"
    """And how."""


class Diary(Stage[GatewayFlow, Config]):
    """Notes its start and its stop."""

    name = "diary"

    async def start(self):
        self.task = current_task()
        self.note("start")

    async def stop(self):
        while self.config.fails == "to stop" and not DIARY.with_name("let go").exists():
            try:
                await sleep(0)
            except CancelledError:
                continue
        self.note("stop" if current_task() is self.task else "stop in another task")

    def note(self, what):
        with DIARY.open("a") as file:
            file.write(f"{what}\\n")
        if self.config.fails == what:
            raise KINDS[self.config.kind]("the stage fails")

    async def __call__(self, flow, call_next):
        await call_next(flow)
'''


class Diary:
    """Gateways with a stage that keeps a diary."""

    def __init__(self, house: House, loaded: Loaded, folder: Path) -> None:
        self.house = house
        self.loaded = loaded
        self.folder = folder
        (folder / "diary.py").write_text(STAGE)
        (folder / "diary.py").chmod(0o600)

    def built(self, fails: str = "", kind: str = "ValueError") -> Built:
        table = {"stage": "./diary.py", "after": "normalize", "fails": fails, "kind": kind}
        settings = replace(self.loaded.settings, pipeline=(table,))
        loaded = replace(self.loaded, settings=settings, folder=self.folder)
        return build(loaded, self.house.shared, ways_of(settings.upstream, self.nothing))

    def nothing(self) -> Any:
        raise AssertionError

    @property
    def entries(self) -> list[str]:
        file = self.folder / "diary"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def diary(house: House, loaded: Loaded, tmp_path: Path) -> Diary:
    return Diary(house, loaded, tmp_path)


class Door:
    """An app whose requests last until they are told to end."""

    def __init__(self) -> None:
        self.served_by: list[Any] = []
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.served_by.append(scope["state"][GATEWAY])
        await self.go_on.wait()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def generations(door: Door) -> AsyncIterator[Generations]:
    generations = Generations(cast("Any", door), grace=0.0, patience=0.05)
    yield generations
    door.go_on.set()
    await generations.close()


def knock(generations: Generations) -> asyncio.Future[None]:
    """Begin a request."""
    scope: Any = {"state": {}}
    return asyncio.ensure_future(generations(scope, cast("Any", None), cast("Any", None)))


async def turns() -> None:
    """Let everything happen that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_request_keeps_its_gateway_open_after_the_next_one_took_over(
    diary: Diary, generations: Generations, door: Door
) -> None:
    first, second = diary.built(), diary.built()
    await generations.begin(first)
    request = knock(generations)
    await turns()
    await generations.begin(second)
    later = knock(generations)
    await turns()
    assert generations.built is second
    assert door.served_by == [first.gateway, second.gateway]
    assert diary.entries == ["start", "start"]
    door.go_on.set()
    await asyncio.gather(request, later)
    await turns()
    assert diary.entries == ["start", "start", "stop"]


async def test_a_question_of_the_accounts_keeps_its_ways_open(
    diary: Diary, generations: Generations
) -> None:
    first = diary.built()
    await generations.begin(first)
    with generations.ways() as ways:
        client = ways.clients.of()
        await generations.begin(diary.built())
        await turns()
        assert not client.is_closed
    await turns()
    assert ways is first.ways
    assert client.is_closed


async def test_a_gateway_that_does_not_start_leaves_the_one_before_in_force(
    diary: Diary, generations: Generations
) -> None:
    before = diary.built()
    await generations.begin(before)
    with pytest.raises(PipelineError, match=r"diary\.py:\d+: ValueError: the stage fails"):
        await generations.begin(diary.built(fails="start"))
    assert generations.built is before


@pytest.mark.parametrize("kind", ["SystemExit", "CancelledError"])
async def test_whatever_a_stage_raises_at_its_start_is_a_fault_of_that_stage_alone(
    diary: Diary, generations: Generations, kind: str
) -> None:
    before = diary.built()
    await generations.begin(before)
    with pytest.raises(PipelineError, match=f"a stage does not start: {kind}: the stage fails"):
        await generations.begin(diary.built(fails="start", kind=kind))
    assert generations.built is before


async def test_a_gateway_that_never_stops_is_left_behind_and_told_of(
    diary: Diary, generations: Generations, log: list[str]
) -> None:
    await generations.begin(diary.built("to stop"))
    await generations.close()
    assert log[-1] == "ERROR a stage does not stop: it is left behind\n"
    (diary.folder / "let go").touch()
    await turns()
    assert diary.entries == ["start", "stop"]


@pytest.mark.parametrize("kind", ["ValueError", "SystemExit", "CancelledError"])
async def test_a_gateway_that_does_not_stop_is_told_of(
    diary: Diary, generations: Generations, log: list[str], kind: str
) -> None:
    await generations.begin(diary.built("stop", kind))
    await generations.begin(diary.built())
    await turns()
    assert any("a pipeline did not stop as it should" in line for line in log)


async def test_a_beginning_that_is_broken_off_is_undone(
    diary: Diary, generations: Generations
) -> None:
    beginning = asyncio.ensure_future(generations.begin(diary.built()))
    await asyncio.sleep(0)
    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning
    await turns()
    assert diary.entries == ["start", "stop"]


async def test_at_the_end_what_is_still_used_is_waited_for_but_not_for_ever(
    diary: Diary, generations: Generations, door: Door
) -> None:
    await generations.begin(diary.built())
    request = knock(generations)
    await turns()
    await generations.idle()
    await generations.close()
    assert diary.entries == ["start", "stop"]
    door.go_on.set()
    await request
    await generations.idle()


async def test_before_the_first_gateway_nothing_can_be_asked(generations: Generations) -> None:
    with pytest.raises(RuntimeError, match="no gateway has begun"):
        _ = generations.built
