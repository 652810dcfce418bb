"""The pulse of a silent answer, on a loop whose time the test sets."""

import asyncio

import pytest

from ki2api.alarms import Alarms
from ki2api.web.pulse import Pulse

pytestmark = pytest.mark.anyio


class Beats:
    def __init__(self) -> None:
        self.at: list[float] = []

    async def beat(self) -> None:
        self.at.append(asyncio.get_running_loop().time())


async def due(pulse: Pulse, *, silent_for: float) -> None:
    """Let the alarm ring, if it should, as if so many seconds had passed without a touch."""
    pulse.at -= silent_for
    pulse._alarms._look()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_it_beats_after_silence_and_not_after_a_touch() -> None:
    beats = Beats()
    async with Pulse(beats.beat, 1000, Alarms()) as pulse:
        await due(pulse, silent_for=999)
        assert not beats.at
        await due(pulse, silent_for=1)
        assert len(beats.at) == 1
        pulse.touch()
        await due(pulse, silent_for=500)
        assert len(beats.at) == 1
        await due(pulse, silent_for=500)
        assert len(beats.at) == 2


async def test_zero_seconds_mean_never() -> None:
    alarms = Alarms()
    async with Pulse(Beats().beat, 0, alarms) as pulse:
        assert len(alarms) == 0
        pulse.every(5)
        assert len(alarms) == 1
        pulse.every(0)
        assert len(alarms) == 0


async def test_leaving_it_takes_the_alarm_down() -> None:
    alarms = Alarms()
    async with Pulse(Beats().beat, 5, alarms):
        assert len(alarms) == 1
    assert len(alarms) == 0


class Slow:
    """Beats that wait for their end, or fail."""

    def __init__(self) -> None:
        self.begun = self.ended = 0
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def beat(self) -> None:
        self.begun += 1
        if self.error is not None:
            raise self.error
        await self.may_end.wait()
        self.ended += 1


async def test_one_beat_begins_after_another_and_the_last_one_is_waited_for() -> None:
    slow = Slow()
    async with Pulse(slow.beat, 1000, Alarms()) as pulse:
        for _ in range(2):
            await due(pulse, silent_for=1000)
        assert slow.begun == 1
        asyncio.get_running_loop().call_soon(slow.may_end.set)
    assert slow.ended == 1


async def test_an_error_ends_the_beat_that_is_under_way() -> None:
    slow = Slow()
    pulse = Pulse(slow.beat, 1000, Alarms())
    await due(pulse, silent_for=1000)
    await pulse.__aexit__(ConnectionError)
    assert (slow.begun, slow.ended) == (1, 0)


async def test_a_beat_that_fails_is_the_last_and_is_told_at_the_end() -> None:
    slow = Slow()
    slow.error = ValueError("broken")
    pulse = Pulse(slow.beat, 1000, Alarms())
    for _ in range(2):
        await due(pulse, silent_for=1000)
    with pytest.raises(ValueError, match="broken"):
        await pulse.__aexit__(None)
    assert slow.begun == 1
