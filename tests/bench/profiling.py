"""Where the gateway's time goes under one load, by cProfile, each figure for one unit of work."""

import asyncio
import pstats
import signal
from operator import itemgetter
from pathlib import Path

from msgspec.structs import replace

from tests.bench import measure
from tests.bench.loads import LOADS, Dialect, Load
from tests.bench.measure import Asking
from tests.bench.targets import Gateway, Place

_ROWS = 60
_PATIENCE = 10.0


async def profile(load: Load, dialect: Dialect, place: Place) -> str:
    """Put the load on a gateway that records itself, and return a table."""
    place = place.within("profiled")
    out = place.folder / "profile.out"
    running = Gateway(("-m", "tests.bench.profiled", str(out))).start(place)
    assert running.process is not None
    try:
        asking = Asking(running, dialect)
        await measure.until_it_answers(asking, LOADS["short"])
        await measure.measure(replace(load, seconds=0.5), asking)
        running.process.signal(signal.SIGUSR1)
        sample = await measure.measure(load, asking)
        running.process.signal(signal.SIGUSR1)
        await _written(out)
    finally:
        running.stop()
    if sample.failure:
        return f"{load.name} failed: {sample.failure}\n"
    return _table(out, load, sample.figures["units"])


async def _written(out: Path) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not out.exists() or not out.stat().st_size:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)


def _table(out: Path, load: Load, units: float) -> str:
    """Write the functions that took the most, and the most with what they called."""
    stats = pstats.Stats(str(out)).stats  # type: ignore[attr-defined]
    rows: list[tuple[float, float, float, str]] = [
        (own / units * 1e6, whole / units * 1e6, calls / units, _place(*where))
        for where, (_, calls, own, whole, _) in stats.items()
    ]
    calls = sum(row[2] for row in rows)
    said = [f"{load.name}: {units:.0f} answers, {calls:.0f} calls an answer; µs an answer", ""]
    for title, key in (("by own time", 0), ("by time with callees", 1)):
        said += [title, f"{'own':>9} {'with':>9} {'calls':>8}"]
        most = sorted(rows, key=itemgetter(key), reverse=True)[:_ROWS]
        said += [
            f"{own:9.1f} {whole:9.1f} {times:8.2f}  {where}" for own, whole, times, where in most
        ]
        said.append("")
    return "\n".join(said)


def _place(file: str, line: int, name: str) -> str:
    short = "/".join(Path(file).parts[-3:])
    return f"{short}:{line} {name}" if line else name
