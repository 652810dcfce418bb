"""Counts what a request costs in units that a busy machine does not change.

`python -m tests.bench.counts` runs `ki2api serve` on an event loop that counts, in this process,
and prints JSON: for each load and dialect the reads, writes, calls, memory and upstream requests of
one answer. The tests beside it hold these.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import uvloop
from msgspec import Struct
from msgspec.structs import replace

from ki2api.cli import logs
from ki2api.cli.chosen import accounts_of, loaded_from
from ki2api.cli.serve import _serve
from ki2api.reload.reloader import Origins
from ki2api.settings import file_places
from tests.bench.asked import PATHS, Asked, asked_by, history, tools, written
from tests.bench.counting import CountingLoop, Counts
from tests.bench.loads import LOADS, MARK, Dialect, Load
from tests.bench.stub import Stub
from tests.bench.targets import ALL, KEY, config, free_port

REPEATED = 40
"""Answers between two looks at what stayed in memory."""


class Cost(Struct, frozen=True, kw_only=True):
    """What one answer cost."""

    size: int
    """Bytes of the request."""
    frames: int
    client_writes: int
    client_reads: int
    upstream_writes: int
    upstream_reads: int
    upstream_connections: int
    upstream_requests: int
    calls: int
    peak: int = 0
    """Bytes that were held at once."""


class Counted(Struct):
    """All costs by their names, and how many blocks of memory an answer leaves behind."""

    costs: dict[str, Cost] = {}
    left_behind: float = 0.0


class Client:
    """A connection that asks in a thread."""

    def __init__(self, port: int, dialect: Dialect) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._dialect = dialect

    def ask(self, body: bytes) -> bytes:
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        self._connection.request("POST", PATHS[self._dialect], body, headers)
        answer = self._connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
        assert MARK in said, said
        return said


class House:
    """The gateway that counts, and the ways to put one request to it."""

    def __init__(self, counts: Counts, port: int) -> None:
        self._counts = counts
        self._port = port

    async def cost(self, asked: Asked, frames: int, dialect: Dialect) -> Cost:
        """Practise on another conversation, and count."""
        client, body = Client(self._port, dialect), written(asked, dialect)
        for variant in range(2):
            practice = written(asked_by(LOADS["short"], variant), dialect)
            await asyncio.to_thread(client.ask, practice)
        await self._quiet()
        self._counts.clear()
        served = Stub.served
        with self._counts.calls():
            await asyncio.to_thread(client.ask, body)
            await self._quiet()
        counts = Counts(self._counts)
        return Cost(
            size=len(body),
            frames=frames,
            client_writes=counts["client.write"],
            client_reads=counts["client.read"],
            upstream_writes=counts["upstream.write"],
            upstream_reads=counts["upstream.read"],
            upstream_connections=counts["upstream.connection"],
            upstream_requests=Stub.served - served,
            calls=counts["call"],
            peak=await self._peak(client, body),
        )

    async def _peak(self, client: Client, body: bytes) -> int:
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            await asyncio.to_thread(client.ask, body)
            return tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()

    async def left_behind(self, load: Load) -> float:
        """Return how many blocks of memory each of many answers leaves behind."""
        client = Client(self._port, "openai")
        bodies = [written(asked_by(load, number % 8), "openai") for number in range(REPEATED)]
        for body in bodies:
            await asyncio.to_thread(client.ask, body)
        before = await self._blocks()
        for body in bodies:
            await asyncio.to_thread(client.ask, body)
        return (await self._blocks() - before) / REPEATED

    async def _blocks(self) -> int:
        await self._quiet()
        gc.collect()
        return sys.getallocatedblocks()

    async def _quiet(self) -> None:
        """Let what comes after an answer happen."""
        await asyncio.sleep(0.02)


@contextmanager
def upstream() -> Iterator[int]:
    """Run the stub in a thread, and give its port."""
    loop = uvloop.new_event_loop()
    listening = socket.create_server(("127.0.0.1", 0))
    loop.run_until_complete(loop.create_server(Stub, sock=listening))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def counted(folder: Path) -> Counted:
    """Run the gateway in this process and count."""
    with upstream() as stub:
        port = free_port()
        path = folder / "config.toml"
        path.write_text(config(f"http://127.0.0.1:{stub}", port))
        origins = Origins(
            read=lambda: loaded_from(path), find=accounts_of, places=file_places({}, path)
        )
        loaded = origins.read()
        logs.configure(loaded.settings.log)
        counts = Counts()

        async def main() -> Counted:
            async with asyncio.TaskGroup() as group:
                group.create_task(_serve(origins, loaded))
                await _listening(port)
                try:
                    return await _all(House(counts, port))
                finally:
                    os.kill(os.getpid(), signal.SIGTERM)

        with asyncio.Runner(loop_factory=lambda: CountingLoop(counts)) as runner:
            return runner.run(main())


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


async def _all(house: House) -> Counted:
    counted = Counted()
    paced, normal = (
        replace(LOADS["paced"], frames=40, gap_ms=5),
        LOADS["normal"],
    )
    longer = replace(normal, name="normal-2", frames=2 * normal.frames)
    whole = LOADS["nonstream"]
    whole_2 = replace(whole, name="nonstream-2", frames=2 * whole.frames)
    for dialect in ALL:
        for load in (LOADS["short"], normal, longer, paced, LOADS["tool"], whole, whole_2):
            cost = await house.cost(asked_by(load, 2), load.frames, dialect)
            counted.costs[f"{load.name}/{dialect}"] = cost
        for name, asked in _growing():
            counted.costs[f"{name}/{dialect}"] = await house.cost(asked, 1, dialect)
    counted.left_behind = await house.left_behind(LOADS["short"])
    return counted


def _growing() -> Iterator[tuple[str, Asked]]:
    """Give requests of a size and of twice that size, in each way that they grow."""
    last = f"What now? {LOADS['short'].marker}"
    for times in (1, 2):
        yield f"history-{times}", Asked((*history(100 * times, 400), last))
        yield f"tools-{times}", Asked((last,), tools(25 * times))
        yield f"text-{times}", Asked((*history(2, 100_000 * times), last))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(counted(Path(folder)))))
