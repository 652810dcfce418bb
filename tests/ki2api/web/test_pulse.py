"""The pulse of a silent answer, on a loop whose time the test sets."""

import asyncio

import pytest

from ki2api.web.pulse import Pulse

pytestmark = pytest.mark.anyio


class Beats:
    def __init__(self) -> None:
        self.at: list[float] = []

    async def beat(self) -> None:
        self.at.append(asyncio.get_running_loop().time())


async def due(pulse: Pulse, *, silent_for: float) -> None:
    """Let the timer fire as if so many seconds had passed without a touch."""
    pulse._last -= silent_for
    pulse._due()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_it_beats_after_silence_and_not_after_a_touch() -> None:
    beats = Beats()
    async with asyncio.TaskGroup() as group:
        with Pulse(group, beats.beat, 1000) as pulse:
            await due(pulse, silent_for=999)
            assert not beats.at
            await due(pulse, silent_for=1)
            assert len(beats.at) == 1
            pulse.touch()
            await due(pulse, silent_for=500)
            assert len(beats.at) == 1


async def test_zero_seconds_mean_never() -> None:
    beats = Beats()
    async with asyncio.TaskGroup() as group:
        with Pulse(group, beats.beat, 0) as pulse:
            assert pulse._timer is None
            pulse.every(5)
            assert pulse._timer is not None
            pulse.every(0)
            assert pulse._timer is None


async def test_leaving_it_takes_the_timer_down() -> None:
    beats = Beats()
    async with asyncio.TaskGroup() as group:
        with Pulse(group, beats.beat, 5) as pulse:
            timer = pulse._timer
        assert timer is not None
        assert timer.cancelled()


async def test_a_group_that_is_being_left_gets_no_more_beats() -> None:
    beats = Beats()

    async def leave() -> None:
        raise ConnectionError

    async def wait() -> None:
        async with asyncio.TaskGroup() as group:
            with Pulse(group, beats.beat, 1000) as pulse:
                group.create_task(leave())
                try:
                    await asyncio.Event().wait()
                finally:
                    await due(pulse, silent_for=1000)

    with pytest.raises(ExceptionGroup):
        await wait()
    assert not beats.at
