"""Processes of the benchmark: on which core they run, what they have used, and how they end."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 10


@cache
def cores() -> tuple[int, int] | None:
    """Return the core of the gateway and that of all else, if there are two to pin to.

    It is asked once, before this process is pinned itself.
    """
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else None


class Process:
    """A program with all its children."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        core: int | None = None,
        folder: Path = ROOT,
        environ: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        """`core` is the one that it may run on. What it says goes to `log`, or can be read."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        output = log.open("ab") if log else subprocess.PIPE
        self._log = log
        self.began = time.monotonic()
        self._popen = subprocess.Popen(
            [*map(str, command)],
            cwd=folder,
            env={**kept, **(environ or {})},
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
        )
        if core is not None:
            os.sched_setaffinity(self._popen.pid, {core})
        if log:
            output.close()  # type: ignore[union-attr]

    def line(self) -> str:
        """Read a line of what it says."""
        assert self._popen.stdout is not None
        return self._popen.stdout.readline().decode()

    def last_words(self) -> str:
        """Return the last line of its log."""
        lines = self._log.read_text(errors="replace").split("\n") if self._log else []
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def pids(self) -> list[int]:
        """Return its process and all that came from it."""
        return [self._popen.pid, *_below(self._popen.pid)]

    def cpu_us(self) -> float:
        """Return the processor time that the tree has used, user and system, in microseconds."""
        return sum(map(_cpu_us, self.pids()))

    def system_share(self) -> float:
        """Return how much of all its time it was in the kernel."""
        user, system = map(sum, zip(*(_ticks(pid)[:2] for pid in self.pids()), strict=True))
        return system / (user + system or 1)

    def memory_mb(self) -> float:
        """Return its proportional share of memory (PSS)."""
        return sum(map(_pss_kb, self.pids())) / 1_024

    def signal(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        self._popen.send_signal(number)

    def stop(self) -> None:
        """End it and its children."""
        pids = self.pids()
        self._popen.terminate()
        try:
            self._popen.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        for pid in pids[1:]:
            _kill(pid)
        if self._popen.stdout is not None:
            self._popen.stdout.close()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _below(pid: int) -> Iterator[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for each in threads for child in (each / "children").read_text().split()]
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _below(child)


def _ticks(pid: int) -> tuple[int, int, int, int]:
    """Return user and system time of a process, and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0, 0, 0, 0
    user, system, ended_user, ended_system = map(int, fields[11:15])
    return user, system, ended_user, ended_system


def _cpu_us(pid: int) -> float:
    ended = sum(_ticks(pid)[2:]) / _TICK * 1e6
    try:
        # The clock of another process, as clock_getcpuclockid(3) makes it: nanoseconds, not ticks.
        return ended + time.clock_gettime_ns((~pid << 3) | 2) / 1_000
    except OSError:
        return ended


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
