"""The loads: what is asked, how often at once, and how the stub answers."""

from typing import Literal, TypeAlias

from msgspec import Struct

Dialect: TypeAlias = Literal["openai", "anthropic", "responses"]
Unit: TypeAlias = Literal["text", "tool"]
Kind: TypeAlias = Literal["turns", "streams", "start", "capacity"]
MARK = b"~"
"""Stands once in each frame of the stub, and nowhere else: what arrives is counted by it."""


class Load(Struct, frozen=True, kw_only=True):
    """One load. `gap_ms` 0 means that all frames of an answer come in one burst."""

    name: str
    about: str
    kind: Kind = "turns"
    connections: int
    frames: int = 1
    gap_ms: int = 0
    unit: Unit = "text"
    stream: bool = True
    body: Literal["small", "big"] = "small"
    seconds: float = 2.0
    """How long turns are asked for again and again."""
    ramp: float = 0.0
    """Over how many seconds streams are begun; what is measured starts a second later."""

    @property
    def marker(self) -> str:
        """What tells the stub, inside the request, how to answer."""
        return f"@bench:{self.frames}:{self.gap_ms}:{self.unit}@"


LOADS = {
    load.name: load
    for load in (
        Load(name="latency", about="one connection, one frame a turn", connections=1),
        Load(name="short", about="8 connections, one frame a turn", connections=8),
        Load(
            name="normal", about="4 connections, 300 frames in a burst", connections=4, frames=300
        ),
        Load(
            name="paced",
            about="10 streams at once, a frame each 10 ms",
            kind="streams",
            connections=10,
            frames=200,
            gap_ms=10,
        ),
        Load(
            name="dense",
            about="50 streams at once, a frame each 10 ms",
            kind="streams",
            connections=50,
            frames=200,
            gap_ms=10,
        ),
        Load(
            name="tool",
            about="4 connections, a tool call of 40 fragments in a burst",
            connections=4,
            frames=40,
            unit="tool",
        ),
        Load(
            name="big",
            about="2 connections, a request of 120 KB with 24 tools and 60 messages, one frame",
            connections=2,
            body="big",
        ),
        Load(
            name="nonstream",
            about="4 connections, whole answers of 300 frames",
            connections=4,
            frames=300,
            stream=False,
        ),
        Load(
            name="hold",
            about="1,000 streams, a frame each 100 ms",
            kind="streams",
            connections=1_000,
            frames=120,
            gap_ms=100,
            ramp=4.0,
        ),
        Load(
            name="capacity",
            about="the most streams of 20 frames a second with a p99 lag of 50 ms",
            kind="capacity",
            connections=25,
            frames=120,
            gap_ms=50,
            ramp=1.0,
        ),
        Load(
            name="start",
            about="from the start of the process to the first answer",
            kind="start",
            connections=1,
        ),
    )
}
QUICK = ("start", "latency", "short", "normal", "paced", "tool", "big", "nonstream")
"""All that is done within seconds."""
