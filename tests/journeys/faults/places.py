"""Places where Kiro should be and is not: each is a URL that fails in one way of the network."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

from msgspec import Struct, field

CERTIFICATE = Path(__file__).parents[2] / "ki2api/fetching/pictures.example.pem"
"""Of another name, and signed by nobody who is trusted."""


class Place(Struct):
    """An address, and the first bytes of each connection that was made to it."""

    url: str
    came: list[bytes] | None = None
    """None where nobody is there to see who comes."""


class Door(Struct):
    """A listening socket with a thread that deals with each connection."""

    deal: Callable[[socket.socket], bytes]
    listening: socket.socket
    came: list[bytes] = field(default_factory=list)

    def run(self) -> None:
        with suppress(OSError):  # shut down
            while True:
                connection, _ = self.listening.accept()
                with connection, suppress(OSError):
                    self.came.append(self.deal(connection))


@contextmanager
def _opened(scheme: str, deal: Callable[[socket.socket], bytes]) -> Iterator[Place]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        door = Door(deal, listening)
        thread = threading.Thread(target=door.run)
        thread.start()
        yield Place(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}", door.came)
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(30)


@contextmanager
def nobody() -> Iterator[Place]:
    """Nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield Place(f"http://127.0.0.1:{taken.getsockname()[1]}")


def resetting() -> AbstractContextManager[Place]:
    """Every connection is reset at once."""

    def deal(connection: socket.socket) -> bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return b""

    return _opened("http", deal)


@contextmanager
def nameless() -> Iterator[Place]:
    """The name leads nowhere: no name can be so long, so no resolver has to be asked."""
    yield Place(f"http://{'.'.join(['kiro' * 15] * 5)}")


def foreign() -> AbstractContextManager[Place]:
    """Who answers has a certificate of another name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def deal(connection: socket.socket) -> bytes:
        began = connection.recv(1, socket.MSG_PEEK)
        with suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as wrapped:
            began += wrapped.recv(65_536)
        return began

    return _opened("https", deal)


def plain() -> AbstractContextManager[Place]:
    """Who answers speaks no TLS."""

    def deal(connection: socket.socket) -> bytes:
        began = connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        return began

    return _opened("https", deal)


@contextmanager
def full() -> Iterator[Place]:
    """Connections are never taken: the one that waits already fills the queue."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        yield Place(f"http://127.0.0.1:{listening.getsockname()[1]}")
