"""All rounds over all targets."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from tests.bench import machine, measure, tls
from tests.bench.client import Failed
from tests.bench.loads import LOADS, Dialect, Load
from tests.bench.measure import Asking, Sample
from tests.bench.report import DIRECT, Results
from tests.bench.targets import Place, Running, Target

_PRACTICE_SECONDS = 0.5


@contextmanager
def upstream(folder: Path, *, with_tls: bool = False) -> Iterator[Place]:
    """Run the stub, and say where targets are to run before it."""
    command = [sys.executable, "-m", "tests.bench.stub"]
    authority = None
    if with_tls:
        certificate = tls.certificate(folder)
        command += ["--certificate", str(certificate.chain), "--key", str(certificate.key)]
        authority = certificate.chain
    cores = machine.cores()
    gateway, other = cores or (None, None)
    process = machine.Process(command, core=other)
    try:
        port = int(process.line())
        url = f"https://localhost:{port}" if with_tls else f"http://127.0.0.1:{port}"
        yield Place(url, folder, gateway, authority, process)
    finally:
        process.stop()


class Run:
    """Starts the targets, and goes around them with each load."""

    def __init__(self, place: Place, targets: Sequence[Target], results: Results) -> None:
        self._place = place
        self._targets = targets
        self._results = results
        self._running: dict[str, Running] = {}

    async def all(self, loads: Sequence[Load], dialects: Sequence[Dialect]) -> None:
        """Fill the results."""
        try:
            for target in self._targets:
                await self._start(target)
            for number in range(self._results.rounds):
                for load in loads:
                    for dialect in dialects:
                        sys.stderr.write(f"round {number + 1}: {load.name}, {dialect}\n")
                        await self._around(load, dialect)
        finally:
            for running in self._running.values():
                running.stop()

    async def _start(self, target: Target) -> None:
        running = target.start(self._place.within(target.name))
        self._running[target.name] = running
        practice = replace(LOADS["short"], seconds=_PRACTICE_SECONDS)
        try:
            await measure.until_it_answers(Asking(running, target.dialects[0]), practice)
        except Failed as error:
            self._results.left_out[target.name] = str(error)
            self._running.pop(target.name).stop()
            return
        for dialect in target.dialects:
            await measure.measure(practice, Asking(running, dialect))

    async def _around(self, load: Load, dialect: Dialect) -> None:
        for target in self._targets:
            runs = target.name in self._running and dialect in target.dialects
            if runs and (target.name != DIRECT or load.name == "latency"):
                sample = await self._sample(load, dialect, target)
                self._results.add(load.name, dialect, target.name, sample)

    async def _sample(self, load: Load, dialect: Dialect, target: Target) -> Sample:
        if load.kind == "start":
            place = self._place.within(f"{target.name}-started")
            return await measure.start(load, target, place, dialect)
        asking = Asking(self._running[target.name], dialect, beside=self._beside)
        return await measure.measure(load, asking)

    def _beside(self) -> float:
        stub = self._place.stub
        return time.process_time() * 1e6 + (stub.cpu_us() if stub is not None else 0.0)
