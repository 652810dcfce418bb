"""kill -9 at 200 moments of token rotations: what was used is kept, and the file stays whole.

KI2API_KILLS=1000 does it more often. A process that is killed leaves behind all that it has written, synced or not: what a power cut
would leave is not told here.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import sleep

import pytest

from ki2api.accounts.ledger import FileStore

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("KI2API_KILLS", "200"))
POINTS = (
    "before-write",
    "before-rename",
    "after-rename",
    "after-answer",
    "before-use",
    "after-use",
)
LONGEST_PAUSE = 0.003
"""Seconds between the last word of a worker and its end, where the moment is left to chance."""


class Service:
    """A sign-in service that gives a new refresh token each time, and knows what was used.

    It takes every token it ever gave, so that the next worker can go on where an answer was lost;
    `late` counts how often one came that was not the newest.
    """

    def __init__(self) -> None:
        self.given = 0
        self.used = 0
        self.late = 0

    def refresh(self, token: str) -> str:
        self.late += token != f"r{self.given}"
        self.given += 1
        return f"a{self.given} r{self.given}\n"


class Rotators:
    """Workers, one after another, each until its kill."""

    def __init__(self, server: "subprocess.Popen[str]", listener: socket.socket) -> None:
        assert server.stdin
        assert server.stdout
        self._in = server.stdin
        self._out = server.stdout
        self._listener = listener

    def start(self, state: Path, now: float, point: str, passing: int) -> None:
        port = self._listener.getsockname()[1]
        self._in.write(f"{port} {state} {now} {point} {passing}\n")
        self._in.flush()
        self.pid = int(self._out.readline())
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(20)

    def lines(self) -> Iterator[list[str]]:
        """Yield what the worker says, also what it had said before it was killed."""
        with self._connection, self._connection.makefile("rb") as wire:
            try:
                for line in wire:
                    if line.endswith(b"\n"):
                        yield line.decode().split()
            except ConnectionResetError:
                pass

    def answer(self, text: str) -> None:
        with contextlib.suppress(OSError):  # it was killed while it waited
            self._connection.sendall(text.encode())

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self._out.readline() == "gone\n"


@pytest.fixture
def rotators() -> Iterator[Rotators]:
    script = Path(__file__).with_name("rotating.py")
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        subprocess.Popen(
            [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        listener.settimeout(20)
        yield Rotators(server, listener)


def until_killed(rotators: Rotators, service: Service, words: int, pause: float) -> None:
    """Serve a worker, and kill it where it stands still or when it has said so many words."""
    for said, (word, token) in enumerate(rotators.lines(), 1):
        if word == "refresh":
            rotators.answer(service.refresh(token))
        if word == "used":
            service.used = int(token.removeprefix("a"))
        if word == "at" or said == words:
            sleep(pause)
            rotators.kill()


async def newest_kept(state: Path) -> int:
    """Return the number of the newest refresh token in the file, which must be readable."""
    store = FileStore(state)
    records = await store.load()
    await store.close()
    assert store.warnings == ()
    tokens = [record.wallet.refresh for record in records.values()]
    return max((int(token.reveal().removeprefix("r")) for token in tokens if token), default=0)


async def test_no_token_that_was_used_is_lost_and_no_state_unreadable(
    rotators: Rotators, tmp_path: Path
) -> None:
    state, service, killed = tmp_path / "state.json", Service(), Counter[str]()
    random = Random(9)  # noqa: S311 - the same moments each time
    for number in range(KILLS):
        by_chance = number % 2 == 0
        point = "chance" if by_chance else POINTS[number // 2 % len(POINTS)]
        words = random.randint(1, 9) if by_chance else 0
        pause = random.uniform(0, LONGEST_PAUSE) if by_chance else 0.0
        rotators.start(state, number * 1e6, point, random.randint(0, 3))
        until_killed(rotators, service, words, pause)
        killed[point] += 1

        assert await newest_kept(state) >= service.used, point

    assert killed.total() == KILLS
    assert killed["chance"] == KILLS // 2
    assert service.used > KILLS
    assert 0 < service.late <= KILLS
