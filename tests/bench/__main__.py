"""Measures the gateway beside a byte relay, the ceiling of Python and other gateways.

    python -m tests.bench --quick                 a first look, one round, two minutes
    python -m tests.bench                         five rounds of all loads but hold and capacity
    python -m tests.bench --loads short,paced     some loads (`--list` tells them), in any number
    python -m tests.bench --only ki2api,relay     some targets: relay, ceiling, ki2api, direct
    python -m tests.bench --dialects openai       openai, anthropic, responses
    python -m tests.bench --seconds 5 --rounds 9  longer and more
    python -m tests.bench --tls                   the upstream speaks TLS
    python -m tests.bench --profile short         where the gateway's time goes under one load
    python -m tests.bench --json out.json         every sample of every round
    python -m tests.bench --write docs/benchmarks.md   puts the tables between the page's marks

What counts is processor time of the gateway's whole process tree, not the clock; the gateway runs
on one core, the stub and the client on another. Rounds go around all targets, and ratios are taken
within a round. docs/benchmarks.md tells the method.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import uvloop
from msgspec.structs import replace

from tests.bench import machine, measure, profiling, report, tls
from tests.bench.loads import LOADS, QUICK, Load
from tests.bench.measure import Asking, Sample
from tests.bench.report import DIRECT, Results
from tests.bench.surroundings import described, today
from tests.bench.targets import ALL, Ceiling, Direct, Gateway, Place, Running, Target, byte_relay

_USUAL = ("start", "latency", "short", "normal", "paced", "dense", "tool", "big", "nonstream")
_BEGIN, _END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true", help="tell the loads")
    parser.add_argument("--loads", default="")
    parser.add_argument("--only", default="relay,ceiling,ki2api,direct")
    parser.add_argument("--dialects", default="openai,anthropic")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--profile", metavar="LOAD", default="")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path)
    return parser.parse_args()


def _loads(arguments: argparse.Namespace) -> list[Load]:
    names = arguments.loads.split(",") if arguments.loads else QUICK if arguments.quick else _USUAL
    seconds = arguments.seconds or (1.0 if arguments.quick else 2.0)
    return [replace(LOADS[name], seconds=seconds) for name in names]


def _targets(arguments: argparse.Namespace) -> list[Target]:
    known = [byte_relay(), Direct(), Ceiling(), Gateway()]
    wanted = arguments.only.split(",")
    if arguments.tls:  # the client itself speaks none
        wanted = [name for name in wanted if name != DIRECT]
    return [each for each in known if each.name in wanted]


@contextmanager
def stub(place: Path, core: int | None, *, with_tls: bool) -> Iterator[Place]:
    """Run the upstream."""
    command = [sys.executable, "-m", "tests.bench.stub"]
    authority = None
    if with_tls:
        certificate = tls.certificate(place)
        command += ["--certificate", str(certificate.chain), "--key", str(certificate.key)]
        authority = certificate.chain
    process = machine.Process(command, core=core)
    try:
        port = int(process.line())
        gateway_core = None if core is None else (machine.cores() or (None,))[0]
        url = f"https://localhost:{port}" if with_tls else f"http://127.0.0.1:{port}"
        yield Place(url, place, gateway_core, authority)
    finally:
        process.stop()


class Run:
    """All rounds over all targets."""

    def __init__(self, place: Place, targets: Sequence[Target], results: Results) -> None:
        self._place = place
        self._targets = targets
        self._results = results
        self._running: dict[str, Running] = {}

    async def all(self, loads: Sequence[Load], dialects: Sequence[str]) -> None:
        try:
            await self._start_all()
            for number in range(self._results.rounds):
                for load in loads:
                    for dialect in ALL:
                        if dialect in dialects:
                            _say(f"round {number + 1}: {load.name}, {dialect}")
                            await self._around(load, dialect)
        finally:
            for running in self._running.values():
                running.stop()

    async def _start_all(self) -> None:
        short = LOADS["short"]
        for target in self._targets:
            running = target.start(self._place.within(target.name))
            self._running[target.name] = running
            await measure.until_it_answers(Asking(running, target.dialects[0]), short)
            for dialect in target.dialects:
                await measure.measure(replace(short, seconds=0.5), Asking(running, dialect))

    async def _around(self, load: Load, dialect: str) -> None:
        for target in self._targets:
            if dialect in target.dialects and (target.name != DIRECT or load.name == "latency"):
                sample = await self._sample(load, dialect, target)
                self._results.add(load.name, dialect, target.name, sample)

    async def _sample(self, load: Load, dialect: str, target: Target) -> Sample:
        if load.kind == "start":
            place = self._place.within(f"{target.name}-started")
            return await measure.start(load, target, place, dialect)  # type: ignore[arg-type]
        return await measure.measure(load, Asking(self._running[target.name], dialect))  # type: ignore[arg-type]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> None:
    """Run what the command line asks for."""
    arguments = _arguments()
    if arguments.list:
        sys.stdout.writelines(f"{load.name:10} {load.about}\n" for load in LOADS.values())
        return
    measure.allow_many_connections()
    cores = machine.cores()
    loads, targets = _loads(arguments), _targets(arguments)
    results = Results(
        today(),
        described(cores),
        arguments.rounds or (1 if arguments.quick else 5),
        {target.name: target.version() for target in targets},
    )
    with ExitStack() as held:
        folder = Path(held.enter_context(TemporaryDirectory(prefix="ki2api-bench-")))
        other = cores[1] if cores else None
        place = held.enter_context(stub(folder, other, with_tls=arguments.tls))
        if other is not None:
            os.sched_setaffinity(0, {other})
        if arguments.profile:
            load = LOADS[arguments.profile]
            for dialect in arguments.dialects.split(","):
                sys.stdout.write(uvloop.run(profiling.profile(load, dialect, place)))
            return
        uvloop.run(Run(place, targets, results).all(loads, arguments.dialects.split(",")))
    told = report.tables(results, loads)
    sys.stdout.write(told)
    if arguments.json:
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    if arguments.write:
        _write(arguments.write, told)


def _write(page: Path, told: str) -> None:
    """Put the tables between the marks of a page."""
    before, begin, rest = page.read_text().partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise SystemExit(f"{page} lacks the marks {_BEGIN!r} and {_END!r}")
    page.write_text(f"{before}{begin}\n{told}\n{end}{after}")


if __name__ == "__main__":
    main()
