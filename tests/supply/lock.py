"""Reads requirements.txt: what runs, by version and hash."""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.txt"
PIN = re.compile(r"(?P<name>[a-z0-9.-]+)==(?P<version>[a-z0-9.]+)(?P<marker> ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:(?P<digest>[0-9a-f]{64})(?P<more> \\)?")


class Pin(Struct, frozen=True):
    """One package; where `marker` is not empty, it is for some systems only."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def pins(text: str) -> Mapping[str, Pin]:
    """Return all packages of a lock by their names."""
    found: dict[str, Pin] = {}
    name, digests = "", list[str]()
    for line in text.splitlines():
        if pin := PIN.fullmatch(line):
            name, digests = pin["name"], []
            marker = (pin["marker"] or "").removeprefix(" ; ")
            found[name] = Pin(name, pin["version"], marker, ())
        elif digest := HASH.fullmatch(line):
            digests.append(digest["digest"])
            known = found[name]
            found[name] = Pin(name, known.version, known.marker, tuple(digests))
    return found
