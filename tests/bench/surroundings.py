"""Where and when something was measured, in a line."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.machine import cores

_PACKAGES = ("litestar", "uvicorn", "uvloop", "httptools", "httpx", "msgspec")


def today() -> str:
    """Return the date."""
    return datetime.now(UTC).date().isoformat()


def described() -> str:
    """Tell the machine, Python, the packages that matter, and how busy it was before."""
    two = cores()
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    pinned = f"pinned to cores {two[0]} and {two[1]}" if two else "not pinned to cores"
    load = Path("/proc/loadavg").read_text().split()[0]
    return f"{_processor()}, {pinned}, load {load}, Python {platform.python_version()}, {packages}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
