"""The upstream of the benchmark: answers from bytes that were built before, and does nothing else.

`python -m tests.bench.stub` prints the port that it listens on; with a certificate and a key it
speaks TLS. One server is Kiro with its sign-in service, OpenAI and Anthropic, by the path. The
request says in a marker how it is to be answered (loads.py).
"""

import argparse
import asyncio
import re
import ssl
import sys
from functools import cache
from time import monotonic_ns

import msgspec
import uvloop

from ki2api.simulator.catalogue import CATALOGUE
from tests.bench import frames
from tests.bench.frames import LAST_CHUNK, STAMP, Shape, chunk
from tests.bench.loads import Unit

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_MARKER = re.compile(rb"@bench:(\d+):(\d+):(text|tool)@")
_STREAMED = re.compile(rb'"stream"\s*:\s*true')
_PROFILE = "arn:aws:codewhisperer:us-east-1:123456789012:profile/BENCHBENCH01"
_TOLD = {
    b"/refreshToken": {
        "accessToken": "aoa-bench-access",
        "refreshToken": "aor-bench-refresh",
        "expiresIn": 28_800,
        "profileArn": _PROFILE,
    },
    b"/ListAvailableModels": {"models": [model.listed() for model in CATALOGUE.values()]},
    b"/ListAvailableProfiles": {"profiles": [{"arn": _PROFILE, "profileName": "bench"}]},
    b"/getUsageLimits": {"usageBreakdownList": []},
    b"/v1/models": {"object": "list", "data": []},
}
_SHAPES = {
    b"/generateAssistantResponse": (frames.kiro, None),
    b"/v1/chat/completions": (frames.openai, frames.openai_whole),
    b"/v1/messages": (frames.anthropic, frames.anthropic_whole),
}


def _json(body: object) -> bytes:
    content = msgspec.json.encode(body)
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        len(content),
        content,
    )


_ANSWERS = {path: _json(body) for path, body in _TOLD.items()}
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


@cache
def _shape(path: bytes, unit: Unit) -> Shape:
    return _SHAPES[path][0](unit)


@cache
def _opening(path: bytes, unit: Unit) -> bytes:
    shape = _shape(path, unit)
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n\r\n" % shape.media
        + chunk(shape.opening)
    )


@cache
def _burst(path: bytes, count: int, unit: Unit) -> bytes:
    shape = _shape(path, unit)
    deltas = b"".join(chunk(shape.delta(number, count)) for number in range(count))
    return _opening(path, unit) + deltas + chunk(shape.closing) + LAST_CHUNK


@cache
def _whole(path: bytes, count: int, unit: Unit) -> bytes:
    make = _SHAPES[path][1]
    assert make is not None
    return _json(msgspec.Raw(make(count, unit)))


@cache
def _closing(path: bytes, unit: Unit) -> bytes:
    return chunk(_shape(path, unit).closing) + LAST_CHUNK


@cache
def _cut(path: bytes, count: int, unit: Unit) -> list[tuple[bytes, bytes, bytes]]:
    """Give of each delta the head of its chunk, and what stands before and after its stamp."""
    deltas = [_shape(path, unit).delta(number, count) for number in range(count)]
    halves = [delta.partition(STAMP) for delta in deltas]
    return [
        (b"%x\r\n" % len(delta), before, after)
        for delta, (before, _, after) in zip(deltas, halves, strict=True)
    ]


class Stream:
    """An answer whose frames come one after another, each stamped when it is sent."""

    def __init__(
        self, transport: asyncio.Transport, path: bytes, count: int, gap: float, unit: Unit
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._deltas = iter(_cut(path, count, unit))
        self._left = count
        self._sealed = _shape(path, unit).sealed
        self._closing = _closing(path, unit)
        self._gap = gap
        self._due = self._loop.time()
        transport.write(_opening(path, unit) + self._stamped())
        self._plan()

    def cancel(self) -> None:
        """Send no more."""
        self._timer.cancel()

    def _stamped(self) -> bytes:
        head, before, after = next(self._deltas)
        self._left -= 1
        stamp = b"%016d" % (monotonic_ns() // 1_000)
        return head + self._sealed(before + stamp + after) + b"\r\n"

    def _plan(self) -> None:
        self._due += self._gap
        self._timer = self._loop.call_at(self._due, self._send)

    def _send(self) -> None:
        """Send a frame that is due, and the end with the last one."""
        if self._left > 1:
            self._transport.write(self._stamped())
            self._plan()
        else:
            last = self._stamped() if self._left else b""
            self._transport.write(last + self._closing)


class Stub(asyncio.Protocol):
    """One connection; requests come one after another."""

    served = 0
    """Answers of a model by this process."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one
        self._transport = transport
        self._buffer = b""
        self._stream: Stream | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._stream is not None:
            self._stream.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while (request := self._taken()) is not None:
            self._answer(*request)

    def _taken(self) -> tuple[bytes, bytes] | None:
        """Take a whole request off the buffer: its path and its body."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        found = _LENGTH.search(self._buffer, 0, end)
        whole = end + 4 + (int(found[1]) if found else 0)
        if len(self._buffer) < whole:
            return None
        path = self._buffer[: self._buffer.find(b"\r\n")].split(b" ")[1].partition(b"?")[0]
        body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
        return path, body

    def _answer(self, path: bytes, body: bytes) -> None:
        if path not in _SHAPES:
            served = b"/bench/served"
            told = _json({"served": Stub.served}) if path == served else _NOT_FOUND
            self._transport.write(_ANSWERS.get(path, told))
            return
        Stub.served += 1
        found = _MARKER.search(body)
        count, gap, unit = (found[1], found[2], found[3]) if found else (b"1", b"0", b"text")
        self._begin(path, body, int(count), int(gap) / 1_000, "tool" if unit == b"tool" else "text")

    def _begin(self, path: bytes, body: bytes, count: int, gap: float, unit: Unit) -> None:
        if _SHAPES[path][1] is not None and not _STREAMED.search(body):
            self._transport.write(_whole(path, count, unit))
        elif gap:
            self._stream = Stream(self._transport, path, count, gap, unit)
        else:
            self._transport.write(_burst(path, count, unit))


async def _serve(certificate: str, key: str) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    server = await asyncio.get_running_loop().create_server(
        Stub, "127.0.0.1", 0, backlog=4096, ssl=context
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificate", default="")
    parser.add_argument("--key", default="")
    arguments = parser.parse_args()
    uvloop.run(_serve(arguments.certificate, arguments.key))
