"""Leaves requests, and measures how soon Kiro is let go, and what is left behind.

`python -m tests.bench.aborts 1000` asks a real server over real sockets, streamed and whole, before
and in the answer, in each dialect, and leaves by closing or by a reset. Client and simulated Kiro
are in one process and read one clock. Then the server says how many tasks and busy connections it
still has, and the system how many descriptors.
"""

import asyncio
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from msgspec import Struct, field

from ki2api.simulator import Simulator, SimulatorOptions
from tests.journeys.conftest import KEY, Gateway, starter

SEED = 1
PATIENCE = 50
LATEST = 30.0
"""Seconds after an answer at which the log must tell of it."""
"""How often the server is asked, at most, until all that it held is gone."""
PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
MOMENTS = {"before": "silence seconds=9", "in the answer": "pause after=3 seconds=9"}
WAYS = ("close", "reset")
COUNT = '''"""Says what the process holds, when it is asked to."""

import asyncio
import gc
import os

from ki2api.transport.pool import Pool


def request(flow):
    if b"how many" in flow.request.body:
        gc.unfreeze()  # what the start has made is hidden from it
        pools = [each for each in gc.get_objects() if type(each) is Pool]
        assert pools
        busy = sum(len(pool) - pool.idle for pool in pools)
        tasks = len(asyncio.all_tasks())
        flow.log.info(f"held: {tasks} {busy} {len(os.listdir('/proc/self/fd'))}.")
'''


class Held(Struct, frozen=True):
    """What the server holds while it answers one request, and open calls at Kiro beside it."""

    tasks: int
    slots: int
    descriptors: int
    calls: int


class Measured(Struct):
    """Seconds from each close of a client to the close that Kiro saw; what was held around it."""

    streamed: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    before: Held | None = None
    after: Held | None = None


class Kiro:
    """A simulated Kiro that waits for ever where it is told to, and knows when it was let go."""

    def __init__(self) -> None:
        self.waiting = 0
        self.simulator = Simulator(SimulatorOptions(sleep=self._wait))
        self._begun = asyncio.Event()
        self._ended: asyncio.Future[float]

    async def _wait(self, _: float) -> None:
        loop = asyncio.get_running_loop()
        ended = self._ended = loop.create_future()
        self._begun.set()
        self.waiting += 1
        try:
            await loop.create_future()
        finally:
            self.waiting -= 1
            ended.set_result(loop.time())

    async def asked(self) -> asyncio.Future[float]:
        """Wait for the next call; what is returned comes when it is let go."""
        await self._begun.wait()
        self._begun.clear()
        return self._ended


def content(path: str, text: str, *, stream: bool) -> bytes:
    body: dict[str, Any] = {"model": "claude-sonnet-4.5", "stream": stream}
    said = {"messages": [{"role": "user", "content": text}], "max_tokens": 500}
    return msgspec.json.encode({**body, **({"input": text} if "responses" in path else said)})


@asynccontextmanager
async def asking(at: tuple[str, int], path: str, body: bytes) -> AsyncIterator[Any]:
    """Send a request by a connection of its own."""
    reader, writer = await asyncio.open_connection(*at)
    lines = [f"POST {path} HTTP/1.1", "host: localhost", f"authorization: Bearer {KEY}"]
    lines += ["content-type: application/json", f"content-length: {len(body)}", "", ""]
    writer.write("\r\n".join(lines).encode() + body)
    try:
        yield reader, writer
    finally:
        writer.close()


async def left(at: tuple[str, int], kiro: Kiro, case: tuple[str, str, str, bool]) -> float:
    """Ask, leave when Kiro has begun to wait, and return how long it was not let go."""
    path, moment, way, stream = case
    body = content(path, f"[[sim:{MOMENTS[moment]}]]", stream=stream)
    async with asking(at, path, body) as (reader, writer):
        ended = await kiro.asked()
        if stream and moment != "before":
            await reader.readuntil(b"data:")
        if way == "reset":
            wire = writer.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        began = asyncio.get_running_loop().time()
        writer.transport.abort()
        return await ended - began


async def held(at: tuple[str, int], gateway: Gateway, kiro: Kiro) -> Held:
    """Let the server say what it holds, in the middle of a request."""
    told = len(gateway.log)
    async with asking(at, PATHS[0], content(PATHS[0], "how many", stream=False)) as (reader, _):
        assert b" 200 " in await reader.readline()
        await reader.readuntil(b'"usage"')
    async with asyncio.timeout(LATEST):
        while not (lines := [line for line in gateway.log[told:] if " held: " in line]):
            await asyncio.sleep(0.01)
    line = lines[0]
    tasks, slots, descriptors = map(int, line.partition(" held: ")[2].strip(" .\n").split())
    return Held(tasks, slots, descriptors, kiro.waiting)


async def measured(count: int, folder: Path) -> Measured:
    """Leave so many requests."""
    kiro, found = Kiro(), Measured()
    random = Random(SEED)  # noqa: S311 - the same order each time
    cases = list(product(PATHS, MOMENTS, WAYS, (True, False)))
    running: list[Gateway] = []
    (folder / "count.py").write_text(COUNT)
    (folder / "count.py").chmod(0o600)
    async with kiro.simulator:
        kiro.simulator.add_account("only")
        table = '[[pipeline]]\nstage = "count.py"\nafter = "auth"\n'
        gateway = starter(folder, running)(kiro.simulator, rest=table)
        try:
            host, port = (await asyncio.to_thread(lambda: gateway.url))[7:].split(":")
            at = host, int(port)
            for case in cases:  # warm
                await left(at, kiro, case)
            found.before = await held(at, gateway, kiro)
            for number in range(count):
                case = cases[number % len(cases)] if number < len(cases) else random.choice(cases)
                times = found.streamed if case[-1] else found.whole
                times.append(await left(at, kiro, case))
            for _ in range(PATIENCE):
                found.after = await held(at, gateway, kiro)
                if found.after == found.before:
                    break
        finally:
            await asyncio.to_thread(gateway.stop)
    return found


def told(name: str, times: list[float]) -> str:
    ordered = sorted(1000 * each for each in times)
    p50, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return f"{name}: {len(times)} left, p50 {p50:.2f} ms, p99 {p99:.2f} ms, at most {ordered[-1]:.2f} ms"


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        result = asyncio.run(measured(int(sys.argv[1]), Path(place)))
    print(told("streamed", result.streamed))  # noqa: T201 - a command prints
    print(told("whole", result.whole))  # noqa: T201
    print(f"before {result.before}, after {result.after}")  # noqa: T201
