"""What Python can reach: the gateway's own translation between two plain protocols on uvloop.

`python -m tests.bench.ceiling PORT URL`. No framework, no HTTP client, no stages, accounts, usage,
limits or log: requests are decoded, composed, sent, decoded, interpreted and encoded by the code
that the gateway uses. What the gateway costs beyond this is the price of all that is left out here.
"""

import asyncio
import ssl
import sys
import time
from urllib.parse import urlsplit

import httptools
import uvloop

from ki2api.events import ReplyEvent, fold
from ki2api.kiro.compose import compose, ids_of
from ki2api.kiro.framing import Decoder
from ki2api.kiro.interpret import Interpreter
from ki2api.models import Catalogue
from ki2api.protocols import ClientProtocol, Delivery, Encoder, RawRequest
from ki2api.protocols.anthropic import ANTHROPIC
from ki2api.protocols.openai_chat import OPENAI_CHAT

_DIALECTS: dict[bytes, ClientProtocol] = {
    b"/v1/chat/completions": OPENAI_CHAT,
    b"/v1/messages": ANTHROPIC,
}
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)
_WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
_ASK = (
    b"POST /generateAssistantResponse HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    b"content-type: application/json\r\naccept: application/vnd.amazon.eventstream\r\n"
    b"authorization: Bearer aoa-bench-access\r\ncontent-length: %d\r\n\r\n%s"
)
_MODELS = Catalogue()


class Upstream(asyncio.Protocol):
    """A connection to Kiro, which goes back to the pool after each answer."""

    pool: list["Upstream"] = []  # noqa: RUF012 - one for the process

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self.client: Client | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self.pool:
            self.pool.remove(self)

    def ask(self, content: bytes, client: "Client") -> None:
        self.client = client
        self._transport.write(_ASK % (len(content), content))

    def data_received(self, data: bytes) -> None:
        client = self.client
        self._ended = False
        self._parser.feed_data(data)
        if client is not None:
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            self._body.clear()
            client.answered(body, ended=self._ended)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._ended = True
        self.client = None
        self.pool.append(self)


class Client(asyncio.Protocol):
    """A client's connection."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._to = host, port, context
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._protocol = _DIALECTS[url]

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self._body)
        self._body.clear()
        request = RawRequest("bench", "", {}, body, time.time())
        conversation, delivery = self._protocol.decode(request)
        target = _MODELS.find(conversation.model)
        composed = compose(conversation, target, ids_of(conversation))
        self._decoder = Decoder()
        self._interpreter = Interpreter(composed.names, target.model.window)
        self._encoder: Encoder = self._protocol.encoder(conversation, delivery)
        self._delivery: Delivery = delivery
        self._events: list[ReplyEvent] = []
        self._head = _HEAD
        self._ask(composed.body)

    def _ask(self, content: bytes) -> None:
        if Upstream.pool:
            Upstream.pool.pop().ask(content, self)
        else:
            self._opening = asyncio.get_running_loop().create_task(self._open(content))

    async def _open(self, content: bytes) -> None:
        host, port, context = self._to
        loop = asyncio.get_running_loop()
        _, upstream = await loop.create_connection(Upstream, host, port, ssl=context)
        upstream.ask(content, self)

    def answered(self, body: bytes, *, ended: bool) -> None:
        """Translate what one read brought."""
        events: list[ReplyEvent] = []
        self._interpreter.read(self._decoder.feed(body), events)
        if ended:
            self._decoder.finish()
            events += self._interpreter.finish()
        if not self._delivery.stream:
            self._events += events
            if ended:
                whole = self._encoder.whole(fold(self._events))
                self._transport.write(_WHOLE % (len(whole), whole))
            return
        piece = self._encoder.feed(events)
        if piece:
            end = b"0\r\n\r\n" if ended else b""
            self._transport.write(b"%s%x\r\n%s\r\n%s" % (self._head, len(piece), piece, end))
            self._head = b""


async def _serve(port: int, upstream: str) -> None:
    url = urlsplit(upstream)
    context = ssl.create_default_context() if url.scheme == "https" else None
    server = await asyncio.get_running_loop().create_server(
        lambda: Client(url.hostname or "", url.port or 0, context), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
