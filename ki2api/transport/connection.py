"""One connection to a server, which carries one exchange after another."""

import asyncio
import math
import select
import ssl
import sys
from collections.abc import Callable
from typing import cast

import httpx

from ki2api.transport.incoming import Incoming
from ki2api.transport.request import Outgoing
from ki2api.transport.responses import Responses, is_framed, kept_for


class Connection(asyncio.Protocol):
    """HTTP/1.1 as a client speaks it.

    It is used again only after a response that came whole, to a request that went out whole. While
    it is idle it is an alarm of its pool, which closes it.
    """

    at = math.inf

    def __init__(
        self, freed: Callable[["Connection", float], None], lost: Callable[["Connection"], None]
    ) -> None:
        """`freed` is told when it may be used again, and for how many seconds; `lost`, its end."""
        self._freed = freed
        self._lost = lost
        self._responses = Responses()
        self._incoming: Incoming | None = None
        self._paused = self._peer_ended = False
        self._write_seconds: float | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._has_come: Callable[[], bool] | None = None

    def ask(self, request: Outgoing, pieces: list[bytes]) -> Incoming:
        """Send a request, as it was written; what is returned must be read to its end or closed."""
        incoming = Incoming(self, request.seconds.get("read"))
        if self._transport.is_closing():
            incoming.fail(httpx.RemoteProtocolError("closed before a request was sent"))
            return incoming
        self._incoming = incoming
        self._responses.expect(incoming, bodiless=request.bodiless)
        self._write_seconds = request.seconds.get("write")
        if len(pieces) == 1:
            self._transport.write(pieces[0])
        else:
            self._transport.writelines(pieces)
        return incoming

    @property
    def usable(self) -> bool:
        """Whether an idle connection stands; what has come there unasked is its end, or a fault."""
        if self._transport.is_closing():
            return False
        if self._has_come is None:
            self._has_come = _look_at(self._transport.get_extra_info("socket").fileno())
        return not self._has_come()

    def close(self) -> None:
        """Close it in peace: nothing is under way."""
        self._transport.close()

    ring = close

    def cut(self) -> None:
        """Close it at once; what is under way breaks off."""
        self._break_off(httpx.ReadError("the connections are closed"))

    def abandon(self) -> None:
        """Close it at once; nobody waits for what is under way."""
        self._incoming = None
        self._transport.abort()

    def read_on(self) -> None:
        """Read again, if that was paused."""
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        incoming = self._incoming
        if incoming is None:  # nobody has asked for it
            self._transport.abort()
            return
        try:
            self._responses.feed(data)
        except httpx.RemoteProtocolError as error:
            self._break_off(error)
            return
        if incoming.ended:
            self._finish(incoming)
        elif incoming.full:
            self._paused = True
            self._transport.pause_reading()
        incoming.wake()

    def eof_received(self) -> None:
        tls = self._transport.get_extra_info("ssl_object")
        self._peer_ended = tls is None or _has_said_farewell(tls)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(self)
        self.resume_writing()
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            self._end_by_loss(incoming, exc)

    def pause_writing(self) -> None:
        if self._write_seconds is not None:
            self._watch(self._write_seconds)

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _finish(self, incoming: Incoming) -> None:
        self._incoming = None
        self.read_on()
        if self._transport.get_write_buffer_size():  # it was answered before it had gone out
            self._transport.abort()
        elif self._responses.last:
            self._transport.close()
        else:
            self._freed(self, kept_for(incoming.headers))

    def _break_off(self, error: httpx.TransportError) -> None:
        if self._incoming is not None:
            self._incoming.fail(error)
            self._incoming.wake()  # what had ended before does not fail
        self.abandon()

    def _end_by_loss(self, incoming: Incoming, error: Exception | None) -> None:
        if error is not None:
            failure = httpx.ReadError(str(error))
            failure.__cause__ = error
            incoming.fail(failure)
        elif not incoming.status:
            incoming.fail(httpx.RemoteProtocolError("closed without a response"))
        elif is_framed(incoming.headers) or not self._peer_ended:
            incoming.fail(httpx.RemoteProtocolError("closed in the middle of the response"))
        else:
            incoming.end()

    def _watch(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        left = self._transport.get_write_buffer_size()
        self._stalled = loop.call_later(seconds, self._look, seconds, left)

    def _look(self, seconds: float, before: int) -> None:
        if self._transport.get_write_buffer_size() < before:
            self._watch(seconds)
        else:
            self._stalled = None
            self._break_off(httpx.WriteTimeout("the request could not be sent in time"))


def _has_said_farewell(tls: ssl.SSLObject) -> bool:
    """Tell whether the end came from the server: without its word anybody may have cut it off."""
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:  # it has been answered already
        return True
    return True


def _look_at(descriptor: int) -> Callable[[], bool]:
    """Return what tells whether something has come that the event loop has not read yet."""
    if sys.platform == "win32":  # has no poll
        return lambda: bool(select.select([descriptor], [], [], 0)[0])
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return lambda: bool(waiting.poll(0))
