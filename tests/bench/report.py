"""Turns samples into tables: medians, and ratios to the relay within the same round."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from tests.bench.loads import Load
from tests.bench.measure import BUSY, Sample

RELAY, DIRECT, OURS = "relay", "direct", "ki2api"
_OWN = {RELAY, DIRECT, OURS, "ceiling"}
_ADDED = "added_p50_us"
_FULL = 0.85


class Row(Struct, frozen=True):
    """A figure that a table shows; not every figure is compared with the relay."""

    figure: str
    label: str
    digits: int = 0
    compared: bool = True
    more_is_better: bool = False


_LATENCY = Row("latency_p50_us", "latency p50, µs")
_REQUEST = Row("cpu_us_request", "CPU a request, µs")
_FRAME = Row("cpu_us_frame", "CPU a frame, µs", digits=2)
_STREAMS = (
    _FRAME,
    Row("lag_p50_us", "lag p50, µs"),
    Row("lag_p99_us", "lag p99, µs"),
    Row("first_p50_us", "first event p50, µs"),
)
_PER_SECOND = Row("requests_per_second", "requests a second", more_is_better=True)
ROWS: Mapping[str, Sequence[Row]] = {
    "start": (
        Row("seconds", "start to first answer, s", digits=2, compared=False),
        Row("memory_mb", "memory idle (PSS), MB"),
    ),
    "latency": (_LATENCY, Row(_ADDED, "of it added by it, µs")),
    "short": (_REQUEST, _PER_SECOND),
    "normal": (_FRAME, _PER_SECOND),
    "paced": _STREAMS,
    "dense": _STREAMS,
    "tool": (Row("cpu_us_frame", "CPU a fragment, µs", digits=2),),
    "big": (_REQUEST,),
    "nonstream": (_REQUEST,),
    "hold": (*_STREAMS, Row("memory_mb", "memory (PSS), MB")),
    "capacity": (Row("streams", "streams that one core holds", more_is_better=True),),
}


class Results(Struct):
    """All samples of a run: by load and dialect, then target, one for each round."""

    date: str
    machine: str
    rounds: int
    versions: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Why a peer is not there."""
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)

    def add(self, load: str, dialect: str, target: str, sample: Sample) -> None:
        self.samples.setdefault(f"{load}/{dialect}", {}).setdefault(target, []).append(sample)


def tables(results: Results, loads: Sequence[Load]) -> str:
    """Write all that was measured as Markdown."""
    said = [f"{results.date}, {results.machine}, {results.rounds} rounds, medians.", ""]
    said += [f"- {name}: {version}" for name, version in results.versions.items()]
    said += [f"- {name} is left out: {why}" for name, why in results.left_out.items()]
    for dialect in dict.fromkeys(key.partition("/")[2] for key in results.samples):
        said += ["", *_table(results, dialect, loads), *_beside_ours(results, dialect, loads)]
    return "\n".join([*said, *_limits(results), *_failures(results)]) + "\n"


def _table(results: Results, dialect: str, loads: Sequence[Load]) -> Iterator[str]:
    shown = {load.name: results.samples.get(f"{load.name}/{dialect}", {}) for load in loads}
    _subtract(shown.get("latency", {}))
    targets = [
        name
        for name in results.versions
        if name != DIRECT and any(name in each for each in shown.values())
    ]
    yield f"| {dialect} | " + " | ".join(targets) + " |"
    yield "|---" * (len(targets) + 1) + "|"
    for name, samples in shown.items():
        for row in ROWS[name] if samples else ():
            cells = (_cell(row, samples.get(target, []), samples) for target in targets)
            yield f"| {name}: {row.label} | " + " | ".join(cells) + " |"


def _beside_ours(results: Results, dialect: str, loads: Sequence[Load]) -> Iterator[str]:
    """Tell how many times better ours is than each peer."""
    shown = {load.name: results.samples.get(f"{load.name}/{dialect}", {}) for load in loads}
    peers = [
        name
        for name in results.versions
        if name not in _OWN and any(name in each for each in shown.values())
    ]
    if not peers:
        return
    yield ""
    yield f"| {dialect}, {OURS} is better by | " + " | ".join(peers) + " |"
    yield "|---" * (len(peers) + 1) + "|"
    for name, samples in shown.items():
        for row in ROWS[name] if samples else ():
            pairs = ((samples.get(peer, []), samples.get(OURS, [])) for peer in peers)
            ratios = (
                _ratios(row.figure, ours, theirs)
                if row.more_is_better
                else _ratios(row.figure, theirs, ours)
                for theirs, ours in pairs
            )
            cells = (f"{_short(statistics.median(each))} ×" if each else "–" for each in ratios)
            yield f"| {name}: {row.label} | " + " | ".join(cells) + " |"


def _cell(row: Row, samples: Sequence[Sample], others: Mapping[str, Sequence[Sample]]) -> str:
    figures = [each.figures[row.figure] for each in samples if row.figure in each.figures]
    if not figures:
        return "failed" if any(each.failure for each in samples) else "–"
    told = f"{statistics.median(figures):,.{row.digits}f}"
    ratios = _ratios(row.figure, samples, others.get(RELAY, []))
    if not ratios or not row.compared or samples is others.get(RELAY):
        return told
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    return f"{told} ({_short(middle)} ×; {_short(low)}–{_short(high)})"


def _short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:.1f}"


def _subtract(latencies: Mapping[str, Sequence[Sample]]) -> None:
    """Take from each latency that of the stub alone."""
    for name, samples in latencies.items():
        for ours, alone in zip(samples, latencies.get(DIRECT, ()), strict=False):
            figure = _LATENCY.figure
            if name != DIRECT and figure in ours.figures and figure in alone.figures:
                ours.figures[_ADDED] = ours.figures[figure] - alone.figures[figure]


def _ratios(figure: str, samples: Sequence[Sample], relay: Sequence[Sample]) -> list[float]:
    """Compare the samples of one round with each other, so that a slow minute harms neither."""
    return [
        ours.figures[figure] / theirs.figures[figure]
        for ours, theirs in zip(samples, relay, strict=False)
        if ours.figures.get(figure) and theirs.figures.get(figure)
    ]


def _limits(results: Results) -> Iterator[str]:
    """Name where the stub and the client were the limit: there, rates say little of a target."""
    for key, targets in results.samples.items():
        for target, samples in targets.items():
            busy = [each.figures[BUSY] for each in samples if BUSY in each.figures]
            if busy and statistics.median(busy) > _FULL and target != DIRECT:
                yield (
                    f"\n{key}, {target}: the stub and the client took"
                    f" {statistics.median(busy):.0%} of their core; look at CPU, not at rates or lag."
                )


def _failures(results: Results) -> Iterator[str]:
    for key, targets in results.samples.items():
        for target, samples in targets.items():
            for failure in dict.fromkeys(each.failure for each in samples if each.failure):
                yield f"\n{key}, {target}: {failure}"


def write(page: Path, name: str, told: str) -> None:
    """Put tables between the marks of a page that bear their name."""
    first, last = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    before, begin, rest = page.read_text().partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end):
        raise SystemExit(f"{page} lacks the marks {first!r} and {last!r}")
    page.write_text(f"{before}{begin}\n{told}\n{end}{after}")
