"""Run by test_kill.py: forks workers that rotate tokens until somebody kills them.

Each line of stdin starts one: `<port> <state file> <start of its clock> <point> <how many pass>`.
A worker talks to the port: `refresh TOKEN` asks for `ACCESS REFRESH`, `used ACCESS` says that the
token was used, and `at POINT` that it now stands still at the point that was asked for. The
server answers on stdout with the worker's process id, and with `gone` when it is no more.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from ki2api.accounts.account import Credential
from ki2api.accounts.companion import Access, PlanUsage
from ki2api.accounts.lease import Wish
from ki2api.accounts.ledger import FileStore
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.signin import Refresher
from ki2api.errors import UpstreamUnavailable
from ki2api.models import Model
from ki2api.transport import Clients
from pipeline.secret import Secret


class Point:
    """Stands still for ever at the last of the moments it waits for."""

    def __init__(self, name: str, passing: int) -> None:
        self.name = name
        self._passing = passing
        self.tell = -1

    def is_reached(self, name: str) -> bool:
        if name != self.name:
            return False
        self._passing -= 1
        if self._passing < 0:
            os.write(self.tell, f"at {name}\n".encode())
        return self._passing < 0

    async def pass_by(self, name: str) -> None:
        if self.is_reached(name):
            await asyncio.Event().wait()

    def watch(self, state: Path) -> None:
        """Stand still just before the state file is opened, renamed, and its folder synced."""
        moments = {
            ("open", f"{state}.tmp"): "before-write",
            ("os.rename", f"{state}.tmp"): "before-rename",
            ("open", str(state.parent)): "after-rename",
        }

        def hook(event: str, args: tuple[Any, ...]) -> None:
            moment = args and moments.get((event, str(args[0])))
            if moment and self.is_reached(moment):
                threading.Event().wait()

        sys.addaudithook(hook)


class Clock:
    """An hour passes with each request."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class SignIn(httpx.AsyncBaseTransport):
    """Takes each refresh to the process that may kill this one."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, point: Point
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._point = point

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = msgspec.json.decode(request.content, type=dict[str, str])["refreshToken"]
        self._writer.write(f"refresh {sent}\n".encode())
        access, refresh = (await self._reader.readline()).decode().split()
        await self._point.pass_by("after-answer")
        answer = {"accessToken": access, "refreshToken": refresh, "expiresIn": 3600}
        return httpx.Response(200, json=answer)


class Silent:
    """A Kiro that tells nothing beside answering."""

    async def profiles(self, access: Access) -> tuple[str, ...]:
        return ()

    async def models(self, access: Access) -> tuple[Model, ...]:
        raise UpstreamUnavailable("Kiro does not tell its models")

    async def usage(self, access: Access, *, with_email: bool = False) -> PlanUsage:
        raise UpstreamUnavailable("Kiro does not tell the usage")


async def rotate(port: int, state: Path, clock: Clock, point: Point) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    point.tell = writer.get_extra_info("socket").fileno()
    transport = SignIn(reader, writer, point)
    clients = Clients(lambda _: transport, None)
    url = "http://sign-in.test"
    refresher = Refresher(clients, auth_url=url, oidc_url=url, clock=clock)
    seed = Credential("a", "social", Secret("r0"))
    pool = AccountPool([seed], refresher, FileStore(state), companion=Silent(), clock=clock)
    await pool.start()
    while True:
        lease = await pool.lease(Wish())
        await point.pass_by("before-use")
        writer.write(f"used {lease.token.reveal()}\n".encode())
        pool.release(lease, None)
        await point.pass_by("after-use")
        clock.now += 3600


@contextmanager
def worker(line: str) -> Iterator[int]:
    port, state, now, name, passing = line.split()
    point = Point(name, int(passing))
    pid = os.fork()
    if pid == 0:
        point.watch(Path(state))
        asyncio.run(rotate(int(port), Path(state), Clock(float(now)), point))
    yield pid
    os.waitpid(pid, 0)


if __name__ == "__main__":
    for wish in sys.stdin:
        with worker(wish) as child:
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()
        sys.stdout.write("gone\n")
        sys.stdout.flush()
