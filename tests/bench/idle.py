"""Holds many connections open with half a head, and measures whether others notice.

`python -m tests.bench.idle 500 20` asks a real server over one kept connection, in turns with and
without 500 such sockets beside it, 20 turns of each in one run, and prints the ratio of the p99s.
The sockets are opened anew for each turn, before its clock starts; each turn begins with the other
kind than the one before. After the last, all of them must be told 408.
"""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from ki2api.simulator import Simulator, SimulatorOptions
from tests.bench.surroundings import described, today
from tests.journeys.conftest import Gateway, starter

HALF = b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nX-Half: "
ASKS = 200
"""Requests in one turn."""
WARM_UP = 20
"""Requests before the clock of a turn starts: by then all sockets have been accepted."""
HELLO = {
    "model": "claude-sonnet-4.5",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "Hello"}],
}


@contextmanager
def halves(url: str, count: int) -> Iterator[list[socket.socket]]:
    """Hold connections open, of each of which half a head has come."""
    at = httpx.URL(url)
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            held.append(socket.create_connection((at.host, at.port or 80), timeout=60))
            held[-1].sendall(HALF)
        yield held
    finally:
        for each in held:
            each.close()


def told(held: list[socket.socket]) -> list[bytes]:
    """Wait until each is answered and closed, and return the status lines."""
    lines = []
    for each in held:
        with each.makefile("rb") as answer:
            lines.append(answer.readline().strip())
    return lines


def turn(http: httpx.Client) -> list[float]:
    """Ask one after the other, and return how long each took, in milliseconds."""
    for _ in range(WARM_UP):
        http.post("/v1/messages", json=HELLO).raise_for_status()
    took = []
    for _ in range(ASKS):
        began = time.perf_counter()
        http.post("/v1/messages", json=HELLO).raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
    return took


def measured(gateway: Gateway, count: int, turns: int) -> tuple[list[float], list[float]]:
    """Return what requests took without and with the sockets beside them, turn about."""
    without: list[float] = []
    beside: list[float] = []
    with gateway.http() as http:
        for number in range(turns):
            for with_them in (number % 2 == 0, number % 2 == 1):
                with halves(gateway.url, count if with_them else 0):
                    (beside if with_them else without).extend(turn(http))
    return without, beside


def point(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main(count: int, turns: int) -> None:
    running: list[Any] = []
    with TemporaryDirectory() as folder, Simulator(SimulatorOptions()).threaded() as simulator:
        simulator.add_account("only")
        gateway = starter(Path(folder), running)(simulator)
        try:
            without, beside = measured(gateway, count, turns)
            with halves(gateway.url, count) as held:
                late = sum(line.startswith(b"HTTP/1.1 408 ") for line in told(held))
        finally:
            gateway.stop()
    lines = [f"{today()}: {described()}"]
    for name, values in (("without", without), (f"beside {count}", beside)):
        p50, p99 = point(values, 0.5), point(values, 0.99)
        lines.append(f"{name:>12}: {len(values)} requests, p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    p50, p99 = (point(beside, share) / point(without, share) for share in (0.5, 0.99))
    lines.append(f"ratio of p50 {p50:.2f}, of p99 {p99:.2f}; told 408: {late} of {count}")
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main(*(int(given) for given in (sys.argv[1:] + ["500", "20"][len(sys.argv) - 1 :])))
