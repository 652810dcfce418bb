"""Puts one load on one target, and says what it cost."""

import asyncio
import resource
import statistics
import time
from collections.abc import Callable, Coroutine, Iterable
from itertools import count

from msgspec import Struct, field
from msgspec.structs import replace

from tests.bench.asked import VARIANTS, Asked, asked_by, request, written
from tests.bench.client import Connection, Failed, Turn, connect
from tests.bench.loads import Dialect, Load
from tests.bench.targets import Place, Running, Target

BUSY = "beside_busy"
"""How much of a core the stub and the client took: near 1, they are what is measured."""
_START_SECONDS = 60.0
_SETTLE_SECONDS = 1.0
_LAG_LIMIT = 50_000
"""Microseconds; a core holds no more streams when one in a hundred frames is later."""
_ACCURACY = 0.06


class Sample(Struct):
    """What one run of a load gave: figures by their names, or why there are none."""

    figures: dict[str, float] = field(default_factory=dict)
    failure: str = ""


class Asking(Struct, frozen=True):
    """How a running target is asked in a dialect."""

    running: Running
    dialect: Dialect
    make: Callable[[Load, int], Asked] = asked_by
    """Makes the request of a load and a variant."""
    beside: Callable[[], float] = float
    """Tells what the stub and the client have used so far, in microseconds."""

    def requests(self, load: Load) -> list[bytes]:
        running = self.running
        return [
            request(
                written(self.make(load, variant), self.dialect, running.model),
                self.dialect,
                running.headers,
                running.paths[self.dialect],
            )
            for variant in range(VARIANTS)
        ]

    async def connections(self, load: Load) -> list[Connection]:
        return [
            await connect("127.0.0.1", self.running.port, self.dialect, stream=load.stream)
            for _ in range(load.connections)
        ]


def percentile(values: list[float] | list[int], share: float) -> float:
    """Return the value that so many are not above."""
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))])


def checked(turn: Turn, load: Load) -> Turn:
    """Make sure that the answer held all that was sent."""
    if turn.marks != load.frames:
        raise Failed(f"{turn.marks} of {load.frames} frames arrived")
    return turn


async def measure(load: Load, asking: Asking) -> Sample:
    """Run a load; a target that cannot serve it gives a sample that says why."""
    kinds = {"turns": _turns, "streams": _streams, "capacity": _capacity}
    try:
        return Sample(await kinds[load.kind](load, asking))
    except (Failed, OSError, TimeoutError) as error:
        return Sample(failure=str(error)[:300] or type(error).__name__)


async def _turns(load: Load, asking: Asking) -> dict[str, float]:
    """Ask again and again on each connection until the time is over."""
    requests = asking.requests(load)
    connections = await asking.connections(load)
    numbers = count()
    turns: list[Turn] = []

    async def again(connection: Connection, until: float) -> None:
        while time.monotonic() < until:
            turn = await connection.ask(requests[next(numbers) % VARIANTS])
            turns.append(checked(turn, load))

    try:
        await _all(again(each, time.monotonic() + load.seconds / 10) for each in connections)
        turns.clear()
        used, beside, began = _cpu(asking), asking.beside(), time.monotonic()
        await _all(again(each, began + load.seconds) for each in connections)
        used, seconds = _cpu(asking) - used, time.monotonic() - began
        busy = (asking.beside() - beside) / seconds / 1e6
    finally:
        for each in connections:
            each.close()
    spent = [turn.ended - turn.began for turn in turns]
    firsts = [turn.first - turn.began for turn in turns if turn.first]
    return {
        "units": float(len(turns)),
        BUSY: busy,
        "cpu_us_request": used / len(turns),
        "cpu_us_frame": used / len(turns) / load.frames,
        "requests_per_second": len(turns) / seconds,
        "latency_p50_us": statistics.median(spent),
        "latency_p99_us": percentile(spent, 0.99),
        **({"first_p50_us": statistics.median(firsts)} if firsts else {}),
    }


async def _streams(load: Load, asking: Asking) -> dict[str, float]:
    """Begin all streams within the ramp and follow them to their ends."""
    requests = asking.requests(load)
    connections = await asking.connections(load)
    begun = time.monotonic()
    from_us = (begun + load.ramp + _SETTLE_SECONDS) * 1e6 if load.ramp else 0.0
    turns: list[Turn] = []
    figures: dict[str, float] = {}

    async def one(number: int, connection: Connection) -> None:
        await asyncio.sleep(load.ramp * number / len(connections))
        turns.append(checked(await connection.ask(requests[number % VARIANTS]), load))

    async def watch() -> None:
        """Look at time and memory while all streams are open."""
        await asyncio.sleep(load.ramp + _SETTLE_SECONDS)
        figures["cpu_us"], beside = -_cpu(asking), asking.beside()
        since = time.monotonic()
        seconds = load.frames * load.gap_ms / 1_000 - load.ramp - 2 * _SETTLE_SECONDS
        await asyncio.sleep(max(0.0, seconds))
        figures["until_us"] = time.monotonic() * 1e6
        figures["cpu_us"] += _cpu(asking)
        figures[BUSY] = (asking.beside() - beside) / (time.monotonic() - since) / 1e6
        if asking.running.process is not None:
            figures["memory_mb"] = asking.running.process.memory_mb()

    used = _cpu(asking)
    try:
        async with asyncio.timeout(60 + load.frames * load.gap_ms / 250):
            jobs = [one(number, each) for number, each in enumerate(connections)]
            await _all([*jobs, watch()] if load.ramp else jobs)
    finally:
        for each in connections:
            each.close()
    until_us = figures.pop("until_us", float("inf"))
    used = figures.pop("cpu_us", _cpu(asking) - used)
    stamps = [
        (sent, lag) for turn in turns for sent, lag in turn.stamps if from_us <= sent <= until_us
    ]
    lags = [lag for _, lag in stamps]
    if not lags:
        raise Failed("no frame came through while all streams were open")
    return {
        **figures,
        "units": float(len(turns)),
        "cpu_us_frame": used / len(lags),
        "lag_p50_us": statistics.median(lags),
        "lag_p99_us": percentile(lags, 0.99),
        "first_p50_us": statistics.median(turn.first - turn.began for turn in turns),
    }


async def _capacity(load: Load, asking: Asking) -> dict[str, float]:
    """Double the streams until they lag, then halve the step between the last two."""

    busy = 0.0

    async def holds(streams: int) -> bool:
        nonlocal busy
        try:
            figures = await _streams(replace(load, connections=streams), asking)
        except (Failed, OSError, TimeoutError):
            return False
        busy = max(busy, figures[BUSY])
        return figures["lag_p99_us"] <= _LAG_LIMIT

    good, streams = 0, load.connections
    while await holds(streams):
        good, streams = streams, 2 * streams
    while streams - good > max(2, _ACCURACY * good):
        between = (good + streams) // 2
        if await holds(between):
            good = between
        else:
            streams = between
    return {"streams": float(good), BUSY: busy}


async def start(load: Load, target: Target, place: Place, dialect: Dialect) -> Sample:
    """Start a fresh process, and ask it until it answers."""
    running = target.start(place)
    assert running.process is not None
    try:
        asking = Asking(running, dialect)
        await until_it_answers(asking, load)
        seconds = time.monotonic() - running.process.began
        await asyncio.sleep(_SETTLE_SECONDS)
        return Sample({"seconds": seconds, "memory_mb": running.process.memory_mb()})
    except Failed as error:
        return Sample(failure=str(error))
    finally:
        running.stop()


async def until_it_answers(asking: Asking, load: Load) -> None:
    """Wait for the first right answer."""
    body = asking.requests(load)[0]
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            connection = await connect(
                "127.0.0.1", asking.running.port, asking.dialect, stream=load.stream
            )
            try:
                async with asyncio.timeout(_START_SECONDS):
                    checked(await connection.ask(body), load)
                    return
            finally:
                connection.close()
        except (OSError, Failed) as error:
            process = asking.running.process
            if time.monotonic() > until or (process is not None and not process.alive):
                why = process.last_words() if process is not None else ""
                raise Failed(f"it did not come to answer: {why or error}") from error
            await asyncio.sleep(0.01)


def _cpu(asking: Asking) -> float:
    process = asking.running.process
    return process.cpu_us() if process is not None else 0.0


async def _all(jobs: Iterable[Coroutine[None, None, None]]) -> None:
    """Do all at once; raises the first failure."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def allow_many_connections() -> None:
    """Raise the limit of open files as far as it may be."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
