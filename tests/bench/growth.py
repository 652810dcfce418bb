"""Whether twice the work takes twice the time: large requests, and long answers.

A ratio near 2 is linear, 4 is quadratic; a fixed part of each request makes it smaller. Medians of
rounds that go around all sizes, in one run.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from tests.bench import measure
from tests.bench.asked import Asked, history, tools
from tests.bench.client import Failed
from tests.bench.loads import LOADS, Dialect, Load
from tests.bench.measure import Asking
from tests.bench.targets import Gateway, Place

_ROUNDS = 5
_SECONDS = 1.0
_SHORT, _BURST, _WHOLE = LOADS["short"], LOADS["normal"], LOADS["nonstream"]
MODEL = "claude-sonnet-4.5-1m"
"""One whose window holds a megabyte."""


class Growing(Struct, frozen=True):
    """Work in one size and in twice that size."""

    about: str
    sizes: tuple[int, int]
    load: Callable[[int], Load]
    asked: Callable[[Load, int, int], Asked]
    """Makes the request of a load, for a variant and a size."""


def _last(load: Load, variant: int) -> str:
    return f"Question {variant}: what now? {load.marker}"


def _one_connection(load: Load) -> Load:
    return replace(load, connections=1, seconds=_SECONDS)


WORK: Sequence[Growing] = (
    Growing(
        "bytes of one message",
        (500_000, 1_000_000),
        lambda _size: _one_connection(_SHORT),
        lambda load, variant, size: Asked((*history(2, size), _last(load, variant))),
    ),
    Growing(
        "messages of 400 bytes",
        (250, 500),
        lambda _size: _one_connection(_SHORT),
        lambda load, variant, size: Asked((*history(size, 400), _last(load, variant))),
    ),
    Growing(
        "tools",
        (50, 100),
        lambda _size: _one_connection(_SHORT),
        lambda load, variant, size: Asked((_last(load, variant),), tools(size)),
    ),
    Growing(
        "frames of a stream, in a burst",
        (1_500, 3_000),
        lambda size: replace(_one_connection(_BURST), frames=size),
        lambda load, variant, _size: Asked((_last(load, variant),)),
    ),
    Growing(
        "frames of a whole answer",
        (1_500, 3_000),
        lambda size: replace(_one_connection(_WHOLE), frames=size),
        lambda load, variant, _size: Asked((_last(load, variant),), stream=False),
    ),
)


async def told(place: Place, dialects: Sequence[Dialect]) -> str:
    """Measure, and write a table."""
    running = Gateway().start(place.within("growth"))
    try:
        await measure.until_it_answers(Asking(running, dialects[0]), _SHORT)
        running.model = MODEL
        found: dict[tuple[str, str, int], list[float]] = {}
        for _ in range(_ROUNDS):
            for work in WORK:
                for dialect in dialects:
                    for size in work.sizes:
                        cost = await _cost(work, size, Asking(running, dialect))
                        found.setdefault((work.about, dialect, size), []).append(cost)
    finally:
        running.stop()
    return _table(found, dialects)


async def _cost(work: Growing, size: int, asking: Asking) -> float:
    load = work.load(size)
    sample = await measure.measure(
        load, replace(asking, make=lambda load, variant: work.asked(load, variant, size))
    )
    if sample.failure:
        raise Failed(f"{size} {work.about}: {sample.failure}")
    return sample.figures["cpu_us_request"]


def _table(found: Mapping[tuple[str, str, int], list[float]], dialects: Sequence[Dialect]) -> str:
    lines = [
        "| CPU a request, ms | " + " | ".join(dialects) + " |",
        "|---" * (len(dialects) + 1) + "|",
    ]
    for work in WORK:
        small, large = work.sizes
        cells = []
        for dialect in dialects:
            once, twice = (found[work.about, dialect, size] for size in work.sizes)
            ratios = [b / a for a, b in zip(once, twice, strict=True)]
            cells.append(
                f"{statistics.median(once) / 1_000:.1f} → {statistics.median(twice) / 1_000:.1f}"
                f" ({statistics.median(ratios):.2f} ×)"
            )
        lines.append(f"| {small:,} → {large:,} {work.about} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
