"""Measures the gateway beside a byte relay, the ceiling of Python and other gateways.

    python -m tests.bench --quick                 a first look, one round, two minutes
    python -m tests.bench                         five rounds of all loads but hold and capacity
    python -m tests.bench --loads short,paced     some loads (`--list` tells them), in any number
    python -m tests.bench --only ki2api,relay     some targets: relay, ceiling, ki2api, direct
    python -m tests.bench --peers                 and other gateways, installed into a cache
    python -m tests.bench --dialects openai       openai, anthropic, responses
    python -m tests.bench --seconds 5 --rounds 9  longer and more
    python -m tests.bench --tls                   the upstream speaks TLS
    python -m tests.bench --json out.json         every sample of every round
    python -m tests.bench --write docs/benchmarks.md   puts the tables between the page's marks
                                  (--section names others: tables, tls, many)
    python -m tests.bench --profile short         where the gateway's time goes under one load
    python -m tests.bench --growth                whether twice the work takes twice the time
    python -m tests.bench.counts                  calls, reads, writes and memory of one answer

What counts is processor time of the gateway's whole process tree, not the clock; the gateway runs
on one core, the stub and the client on another. Rounds go around all targets, and ratios are taken
within a round. docs/benchmarks.md tells the method.
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import uvloop
from msgspec.structs import replace

from tests.bench import growth, machine, measure, peers, profiling, report
from tests.bench.loads import LOADS, QUICK, Load
from tests.bench.report import DIRECT, Results
from tests.bench.run import Run, upstream
from tests.bench.surroundings import described, today
from tests.bench.targets import ALL, Ceiling, Direct, Gateway, Place, Target, byte_relay

_USUAL = ("start", "latency", "short", "normal", "paced", "dense", "tool", "big", "nonstream")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true", help="tell the loads")
    parser.add_argument("--loads", default="")
    parser.add_argument("--only", default="relay,direct,ceiling,ki2api")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--dialects", default="openai,anthropic")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--section", default="tables", help="the name of the page's marks")
    parser.add_argument("--profile", metavar="LOAD", choices=LOADS)
    parser.add_argument("--growth", action="store_true")
    return parser.parse_args()


def _loads(arguments: argparse.Namespace) -> list[Load]:
    names = arguments.loads.split(",") if arguments.loads else QUICK if arguments.quick else _USUAL
    seconds = arguments.seconds or (1.0 if arguments.quick else 2.0)
    return [replace(LOADS[name], seconds=seconds) for name in names]


def _targets(arguments: argparse.Namespace, results: Results) -> list[Target]:
    wanted = arguments.only.split(",")
    if arguments.tls:
        results.left_out[DIRECT] = "the client speaks no TLS"
        wanted = [name for name in wanted if name != DIRECT]
    own: list[Target] = [byte_relay(), Direct(), Ceiling(), Gateway()]
    found = [each for each in own if each.name in wanted]
    for peer in [kind() for kind in peers.PEERS] if arguments.peers else []:
        try:
            peer.prepare()
        except peers.CannotRun as error:
            results.left_out[peer.name] = str(error)
        else:
            found.append(peer)
    return found


def _measured(arguments: argparse.Namespace, place: Place) -> str:
    """Measure, keep what is to be kept, and return the tables."""
    loads = _loads(arguments)
    rounds = arguments.rounds or (1 if arguments.quick else 5)
    results = Results(today(), described(), rounds)
    targets = _targets(arguments, results)
    results.versions = {target.name: target.version() for target in targets}
    chosen = arguments.dialects.split(",")
    run = Run(place, targets, results)
    uvloop.run(run.all(loads, [dialect for dialect in ALL if dialect in chosen]))
    if arguments.json:
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    told = report.tables(results, loads)
    if arguments.write:
        report.write(arguments.write, arguments.section, told)
    return told


def main() -> None:
    """Run what the command line asks for."""
    arguments = _arguments()
    if arguments.list:
        sys.stdout.writelines(f"{load.name:10} {load.about}\n" for load in LOADS.values())
        return
    measure.allow_many_connections()
    cores = machine.cores()
    with (
        TemporaryDirectory(prefix="ki2api-bench-") as folder,
        upstream(Path(folder), with_tls=arguments.tls) as place,
    ):
        if cores is not None:
            os.sched_setaffinity(0, {cores[1]})
        if arguments.profile:
            load = LOADS[arguments.profile]
            for dialect in arguments.dialects.split(","):
                sys.stdout.write(uvloop.run(profiling.profile(load, dialect, place)))
        elif arguments.growth:
            sys.stdout.write(uvloop.run(growth.told(place, arguments.dialects.split(","))))
        else:
            sys.stdout.write(_measured(arguments, place))


if __name__ == "__main__":
    main()
