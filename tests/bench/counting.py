"""An event loop that counts reads, writes and connections, and a counter of Python's calls."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvloop

CLIENT, UPSTREAM = "client", "upstream"


class Counts(Counter[str]):
    """How often what happened: `client.write`, `upstream.read`, `upstream.connection`, `call`."""

    @contextmanager
    def calls(self) -> Iterator[None]:
        """Count the calls of this thread, of Python's functions and of those in C."""

        def count(_frame: FrameType, event: str, _argument: object) -> None:
            if event in {"call", "c_call"}:
                self["call"] += 1

        sys.setprofile(count)
        try:
            yield
        finally:
            sys.setprofile(None)


class Counting:
    """A transport whose writes are counted."""

    def __init__(self, transport: Any, side: str, counts: Counts) -> None:
        self._transport = transport
        self._side = side
        self._counts = counts

    def write(self, data: bytes) -> None:
        self._counts[f"{self._side}.write"] += 1
        self._transport.write(data)

    def writelines(self, pieces: list[bytes]) -> None:
        self._counts[f"{self._side}.write"] += 1
        self._transport.writelines(pieces)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class CountingLoop(uvloop.Loop):
    """The loop that the gateway runs on, with everything that goes in and out counted."""

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self.counts = counts

    async def create_server(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        return await super().create_server(
            self._counted(protocol_factory, CLIENT), *args, **options
        )

    async def create_connection(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        made = self._counted(protocol_factory, UPSTREAM)
        transport, protocol = await super().create_connection(made, *args, **options)
        return Counting(transport, UPSTREAM, self.counts), protocol

    def _counted(self, factory: Callable[[], Any], side: str) -> Callable[[], Any]:
        def make() -> Any:
            protocol = factory()
            connected = protocol.connection_made

            def connection_made(transport: asyncio.Transport) -> None:
                self.counts[f"{side}.connection"] += 1
                connected(Counting(transport, side, self.counts))

            protocol.connection_made = connection_made
            for name in ("data_received", "buffer_updated"):
                if hasattr(protocol, name):
                    setattr(protocol, name, self._read(getattr(protocol, name), side))
            return protocol

        return make

    def _read(self, received: Callable[[Any], None], side: str) -> Callable[[Any], None]:
        def read(data: Any) -> None:
            self.counts[f"{side}.read"] += 1
            received(data)

        return read
