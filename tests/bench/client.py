"""The client of the benchmark: connections that know when each event of an answer arrived."""

import asyncio
import re
from collections.abc import Mapping
from time import monotonic_ns

import httptools
from msgspec import Struct, field

from tests.bench.loads import MARK, Dialect

_STAMPED = re.compile(MARK + rb"(\d{16})")
_OK = 200
DELTAS: Mapping[Dialect, bytes] = {"openai": b"", "anthropic": b"", "responses": b".delta"}
"""What stands in the events whose marks count: Responses says every text again at its end."""
ENDS: Mapping[Dialect, bytes] = {
    "openai": b"[DONE]",
    "anthropic": b"message_stop",
    "responses": b"response.completed",
}


class Failed(Exception):
    """An answer that is not what was asked for."""


class Turn(Struct):
    """One answer: when it was asked for, when it came (microseconds), and what it held."""

    began: int
    first: int = 0
    ended: int = 0
    marks: int = 0
    stamps: list[tuple[int, int]] = field(default_factory=list)
    """When each frame was sent and how long it was on its way, if it says when."""


class Connection(asyncio.Protocol):
    """A connection that is kept; `ask` puts one request at a time."""

    def __init__(self, dialect: Dialect, *, stream: bool) -> None:
        self._delta, self._end = DELTAS[dialect], ENDS[dialect]
        self._stream = stream
        self._answer: asyncio.Future[Turn] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._rest = b""
        self._ended = False
        self._turn = Turn(0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Failed(f"the connection was closed: {exc}"))

    def close(self) -> None:
        self._transport.close()

    def ask(self, request: bytes) -> "asyncio.Future[Turn]":
        """Send a request; the future is done when the answer has ended."""
        self._turn = Turn(monotonic_ns() // 1_000)
        self._rest, self._ended = b"", False
        self._body.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._now = monotonic_ns() // 1_000
        self._parser.feed_data(data)
        if self._stream and self._body:
            self._rest = self._events(self._rest + b"".join(self._body))
            self._body.clear()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._turn.ended = self._now
        whole = self._rest + b"".join(self._body)
        self._body.clear()
        if self._stream:
            self._rest = self._events(whole)
        else:
            self._turn.marks = whole.count(MARK)
            self._ended = True
        self._close(whole)

    def _close(self, whole: bytes) -> None:
        assert self._answer is not None
        if self._answer.done():  # given up
            return
        status = self._parser.get_status_code()
        if status != _OK or not self._ended:
            self._answer.set_exception(Failed(f"{status}: {whole[-300:]!r}"))
        else:
            self._answer.set_result(self._turn)

    def _events(self, data: bytes) -> bytes:
        """Read the events that are whole, and return the rest."""
        events, rest = data, b""
        if not data.endswith(b"\n\n"):
            events, _, rest = data.rpartition(b"\n\n")
        if not events:
            return rest
        turn = self._turn
        self._ended = self._ended or self._end in events
        if self._delta:
            events = b"".join(event for event in events.split(b"\n\n") if self._delta in event)
        if marks := events.count(MARK):
            turn.first = turn.first or self._now
            turn.marks += marks
            for stamp in _STAMPED.findall(events):
                if sent := int(stamp):
                    turn.stamps.append((sent, self._now - sent))
        return rest


async def connect(host: str, port: int, dialect: Dialect, *, stream: bool) -> Connection:
    """Open a connection."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(dialect, stream=stream), host, port
    )
    return connection
