"""A request that a stage of one's own does not let go is told of, once, with its place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, cast

import loguru
import pytest

from ki2api.errors import GatewayError
from ki2api.flow import GatewayFlow
from ki2api.web.response import OpenAnswers
from ki2api.web.stuck import Watch, waits_at
from pipeline import Stage

pytestmark = pytest.mark.anyio


class Mine(Stage[GatewayFlow, Any]):
    """Waits itself, or lets something inside wait."""

    name = "mine"

    async def __call__(self, flow: Any, call_next: Any) -> None:
        await (call_next(flow) if call_next else never())


async def never() -> None:
    await asyncio.Event().wait()


async def hold(_: Any = None) -> AsyncIterator[int]:
    await never()
    yield 1


async def read(numbers: AsyncIterator[int]) -> None:
    async for _ in numbers:
        pass


class Theirs(Stage[GatewayFlow, Any]):
    """Stands for a stage of Ki2API's own."""

    __module__ = "ki2api.stages.theirs"
    name = "theirs"

    async def __call__(self, flow: Any, call_next: Any) -> None:
        await asyncio.Event().wait()


class Waiting:
    """An open answer, as the watch sees it."""

    def __init__(self, work: Awaitable[None]) -> None:
        self.flow = GatewayFlow()
        self.task: asyncio.Task[None] | None = asyncio.ensure_future(cast("Any", work))
        self.ended: list[GatewayError] = []
        self.given_up = 0

    def end(self, error: GatewayError) -> None:
        self.ended.append(error)

    async def give_up(self) -> None:
        self.given_up += 1


def never_ends() -> float:
    return 0.0


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    number = loguru.logger.add(lines.append, format="{message}", level="WARNING")
    yield lines
    loguru.logger.remove(number)


MINE: Any = Mine(cast("Any", None))
WORK: list[tuple[Callable[[], Any], bool]] = [
    (lambda: MINE(None, None), True),
    (lambda: read(hold()), True),
    (lambda: MINE(None, lambda _: Theirs(cast("Any", None))(None, cast("Any", None))), False),
    (asyncio.Event().wait, False),
]


@pytest.mark.parametrize(("work", "found"), WORK)
async def test_where_a_task_waits_is_read_off_it(work: Callable[[], Any], *, found: bool) -> None:
    waiting = Waiting(work())
    await asyncio.sleep(0)
    assert waiting.task is not None
    place = waits_at(waiting.task)
    waiting.task.cancel()
    assert (place is not None) is found
    if place:
        assert place[0] == "mine"
        assert __file__ in place[1]


async def test_it_is_told_once_when_the_patience_is_over(log: list[str]) -> None:
    waiting = Waiting(MINE(None, None))
    await asyncio.sleep(0)
    answers = [waiting]
    watch = Watch(cast("OpenAnswers", answers), never_ends, patience=30)
    for now in (0.0, 29.0, 30.0, 6000.0):
        await watch.look(now)
    assert len(log) == 1
    assert log[0].startswith("the request has been in stage mine for 30 s, at ")
    assert waiting.ended == []
    answers.clear()
    await watch.look(6010.0)
    assert not watch._waits
    assert waiting.task is not None
    waiting.task.cancel()


async def test_it_is_ended_at_the_limit_and_given_up_where_it_goes_on(log: list[str]) -> None:
    waiting = Waiting(MINE(None, None))
    await asyncio.sleep(0)
    watch = Watch(cast("OpenAnswers", [waiting]), lambda: 300.0, patience=30)
    for now in (0.0, 299.0):
        await watch.look(now)
    assert waiting.ended == []
    await watch.look(300.0)
    (error,) = waiting.ended
    assert error.message == f"Stage 'mine' did not go on; the log has more under {waiting.flow.id}."
    assert log[-1].startswith("the request is ended: in stage mine for 300 s, at ")
    assert waiting.given_up == 0
    await watch.look(310.0)
    assert (len(waiting.ended), waiting.given_up) == (1, 1)
    assert waiting.task is not None
    waiting.task.cancel()


async def test_it_looks_by_itself(log: list[str]) -> None:
    waiting = Waiting(MINE(None, None))
    watching = Watch(cast("OpenAnswers", [waiting]), lambda: 0.01)
    watch = asyncio.ensure_future(watching.run())
    while not waiting.given_up:
        await asyncio.sleep(0.001)
    watch.cancel()
    assert waiting.task is not None
    waiting.task.cancel()
