import asyncio
from contextlib import suppress

import pytest

from ki2api.accounts.errands import Errands

pytestmark = pytest.mark.anyio


async def test_an_errand_may_end_within_its_grace() -> None:
    errands, done = Errands(), []

    async def errand() -> None:
        await asyncio.sleep(0)
        done.append(1)

    errands.send(errand())
    assert len(errands) == 1
    await errands.finish()

    assert done == [1]
    assert len(errands) == 0


async def test_what_is_left_after_the_grace_is_cancelled() -> None:
    errands = Errands()
    task = errands.start(asyncio.Event().wait())

    await errands.finish(0.0)

    assert task.cancelled()


async def test_an_errand_that_begets_another_leaves_nothing_behind() -> None:
    errands = Errands()
    begun: list[asyncio.Task[bool]] = []

    async def errand() -> None:
        begun.append(errands.start(asyncio.Event().wait()))

    errands.send(errand())
    await errands.finish()

    assert begun[0].cancelled()


async def test_nothing_to_finish_is_finished_at_once() -> None:
    await Errands().finish()


async def test_what_is_done_is_not_counted_any_more() -> None:
    errands = Errands()
    task = errands.start(asyncio.sleep(0))
    counts: list[int] = []
    task.add_done_callback(lambda _: counts.append(len(errands)))

    await task
    await asyncio.sleep(0)

    assert counts == [0]


async def test_an_errand_that_does_not_let_itself_be_cancelled_is_left_behind() -> None:
    errands, let_go = Errands(patience=0.01), asyncio.Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            with suppress(asyncio.CancelledError):
                await let_go.wait()

    task = errands.start(stubborn())
    await errands.finish(0.0)

    assert len(errands) == 1
    let_go.set()
    await task
