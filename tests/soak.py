"""Keeps a real server busy and says what it gathers: `python -m tests.soak --minutes 10 --streams 100`.

Streams and whole answers of each dialect run beside each other, with tools, thoughts, pauses and
faults; every fifth client leaves. Client and simulated Kiro are in one process, the server in its
own. At the end it prints connections, tasks and descriptors before and after, and the slope of the
resident memory after the first fifth of the time. The exit status is 1 where anything is left
behind, an answer was a 500, or, from five minutes on, memory grows by more than 0.5 MiB a minute.
"""

import argparse
import asyncio
import os
import re
import sys
from collections import Counter
from pathlib import Path
from random import Random
from statistics import linear_regression
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct, field

from ki2api.simulator import Simulator, SimulatorOptions
from tests.bench.aborts import COUNT, PATHS, PATIENCE, content
from tests.journeys.conftest import KEY, Gateway, starter

STEEPEST = 0.5
"""MiB a minute."""
LONG_ENOUGH = 5.0
"""Minutes from which the slope is more than noise."""
WELL = ("pause after=3 seconds=1", "silence seconds=1", "tool", "tools", "thinking", "cjk", "text")
FAULTS = (
    "cut",
    "truncated",
    "corrupt",
    "error-frame",
    "garbage",
    "unexpected",
    "hang-up",
    "bad-json",
    "tool-unfinished",
    "ended-twice",
    "unknown-events",
    "improper",
)  # fmt: skip - a list of words reads best as a block
LEAVING, FAULTY = 0.2, 0.2
# An idle connection has a descriptor, and closes by itself in time.
HOLDING = COUNT.replace(
    "len(os.listdir('/proc/self/fd'))",
    "len(os.listdir('/proc/self/fd')) - sum(pool.idle for pool in pools)",
)
assert HOLDING != COUNT


class Held(Struct, frozen=True):
    """What the server holds while it answers one request."""

    tasks: int
    connections: int
    descriptors: int


class Found(Struct):
    """What was seen: answers by their status, 0 for those left; MiB by the minute."""

    answers: Counter[int] = field(default_factory=Counter)
    memory: list[tuple[float, float]] = field(default_factory=list)
    before: Held | None = None
    after: Held | None = None

    @property
    def slope(self) -> float:
        """MiB a minute, by least squares, after the first fifth."""
        warm = self.memory[len(self.memory) // 5 :]
        return linear_regression(*zip(*warm, strict=True)).slope

    def faults(self, minutes: float) -> list[str]:
        """Say what is out of bounds."""
        checks = {
            f"left behind: {self.after}, and before {self.before}": self.after != self.before,
            "an answer was a 500": bool(self.answers[500]),
            "nobody was answered": not self.answers[200],
            "memory grows": minutes >= LONG_ENOUGH and self.slope > STEEPEST,
        }
        return [what for what, is_so in checks.items() if is_so]


class Soak:
    """One run."""

    def __init__(self, gateway: Gateway, at: tuple[str, int], seed: int) -> None:
        self._gateway = gateway
        self._at = at
        self._random = Random(seed)  # noqa: S311 - repeatable
        self.found = Found()

    async def run(self, minutes: float, streams: int) -> Found:
        """Warm up, keep busy, and look what is left."""
        await asyncio.gather(*(self._ask(0.0) for _ in range(streams)))
        self.found.before = await self._settled(None)
        loop = asyncio.get_running_loop()
        ends = loop.time() + 60 * minutes
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(ends, minutes))
            for _ in range(streams):
                group.create_task(self._client(ends))
        self.found.after = await self._settled(self.found.before)
        return self.found

    async def _client(self, ends: float) -> None:
        while asyncio.get_running_loop().time() < ends:
            await self._ask(LEAVING)

    async def _ask(self, leaving: float) -> None:
        scenario = self._random.choice(FAULTS if self._random.random() < FAULTY else WELL)
        path, stream = self._random.choice(PATHS), self._random.random() < 0.7
        leaves = self._random.random() < leaving
        taken = self._random.randint(0, 2000) if leaves else -1
        body = content(path, f"[[sim:{scenario}]]", stream=stream)
        status, _ = await self._sent(path, body, taken)
        self.found.answers[0 if leaves else status] += 1

    async def _sent(self, path: str, body: bytes, taken: int) -> tuple[int, bytes]:
        """Ask by a connection of its own; -1 takes all, another number so many bytes."""
        reader, writer = await asyncio.open_connection(*self._at)
        lines = [f"POST {path} HTTP/1.1", "host: localhost", f"authorization: Bearer {KEY}"]
        lines += ["content-type: application/json", "connection: close"]
        writer.write("\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body)
        try:
            if taken >= 0:
                return 0, await reader.read(taken)
            answer = await reader.read()
            return int(answer[9:12]), answer
        finally:
            writer.transport.abort()

    async def _watch(self, ends: float, minutes: float) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        status = Path("/proc", str(self._gateway.process.pid), "status")
        while (now := loop.time()) < ends:
            found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
            assert found
            self.found.memory.append(((now - began) / 60, int(found[1]) / 1024))
            await asyncio.sleep(min(1.0, 60 * minutes / 20))

    async def _settled(self, wanted: Held | None) -> Held:
        """Let the server say what it holds, until that is what it was, or does not change."""
        held, last = await self._held(), None
        for _ in range(PATIENCE):
            if held == (wanted or last):
                break
            await asyncio.sleep(0.2)
            held, last = await self._held(), held
        return held

    async def _held(self) -> Held:
        told = len(self._gateway.log)
        await self._sent(PATHS[0], content(PATHS[0], "how many", stream=False), -1)
        for _ in range(PATIENCE):
            lines = [line for line in self._gateway.log[told:] if " held: " in line]
            if lines:
                return Held(*map(int, lines[0].partition(" held: ")[2].strip(" .\n").split()))
            await asyncio.sleep(0.1)
        raise AssertionError("the server does not say what it holds")


async def soaked(minutes: float, streams: int, folder: Path, seed: int = 1) -> Found:
    """Start a server in a folder, keep it busy, and stop it."""
    running: list[Gateway] = []
    (folder / "count.py").write_text(HOLDING)
    (folder / "count.py").chmod(0o600)
    async with Simulator(SimulatorOptions()) as simulator:
        for name in ("first", "second", "third"):
            simulator.add_account(name)
        table = '[[pipeline]]\nstage = "count.py"\nafter = "auth"\n'
        gateway = starter(folder, running)(simulator, rest=table)
        try:
            host, port = (await asyncio.to_thread(lambda: gateway.url))[7:].split(":")
            return await Soak(gateway, (host, int(port)), seed).run(minutes, streams)
        finally:
            await asyncio.to_thread(gateway.stop)


def told(found: Found) -> list[str]:
    """Say what was seen."""
    answers: dict[Any, int] = dict(sorted(found.answers.items()))
    return [
        f"answers by status (0: left): {answers}",
        f"before {found.before}",
        f"after  {found.after}",
        f"memory {found.memory[0][1]:.1f} MiB at first, {found.memory[-1][1]:.1f} at last",
        f"slope  {found.slope:+.3f} MiB a minute after the first fifth",
    ]


def main() -> None:
    """Read the command line, run, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--streams", type=int, default=100)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = asyncio.run(soaked(asked.minutes, asked.streams, Path(folder)))
    faults = found.faults(asked.minutes)
    sys.stdout.write("\n".join([*told(found), *faults]) + os.linesep)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
