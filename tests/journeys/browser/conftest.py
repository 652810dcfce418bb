"""A real Chromium without a screen, and the pages of somebody else's that it opens."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import msgspec
import pytest

PAGE = Path(__file__).with_name("page.html")
EVIL = "evil.test"
REBOUND = "rebound.test"
FLAGS = [
    "--headless",
    "--no-sandbox",  # Chromium wants that of root, as which CI runs
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",  # so that it stays open
    f"--host-resolver-rules=MAP {EVIL} 127.0.0.1,MAP {REBOUND} 127.0.0.1,EXCLUDE localhost",
]
Found: TypeAlias = dict[str, dict[str, Any]]
"""What a page could read, for each way it tried."""


class Quick(ThreadingHTTPServer):
    """A server that its port can be taken from at once."""

    daemon_threads = True
    allow_reuse_address = True


class Told:
    """What a page reports."""

    def __init__(self) -> None:
        self._text = b""
        self._there = threading.Event()

    def take(self, text: bytes) -> None:
        self._text = text
        self._there.set()

    def found(self) -> Found:
        """Wait until the page has tried everything."""
        assert self._there.wait(120), "the page reports nothing"
        return msgspec.json.decode(self._text, type=Found)


class Visit(BaseHTTPRequestHandler):
    """Serves the page, and takes its report; whatever follows comes over a new connection."""

    told: Told

    def do_GET(self) -> None:
        self._answer(PAGE.read_bytes())

    def do_POST(self) -> None:
        self.told.take(self.rfile.read(int(self.headers["content-length"])))
        self._answer(b"")

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        for name, value in (
            ("content-type", "text/html"),
            ("content-length", str(len(content))),
            ("connection", "close"),
            ("x-page", "yes"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the library has it
        """Say nothing."""


class Careless(Visit):
    """A gateway as careless as can be: it lets everybody read, and counts who asks for a reply."""

    asked: list[str]

    def do_GET(self) -> None:
        self._give()

    do_OPTIONS = do_GET  # noqa: N815 - as the library has it

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.asked.append(self.path)
        self._give()

    def _give(self) -> None:
        content = b"'a secret'"
        self.send_response(200)
        for name, value in (
            ("access-control-allow-origin", self.headers.get("origin", "*")),
            ("access-control-allow-headers", "authorization, content-type, x-api-key"),
            ("access-control-allow-credentials", "true"),
            ("content-type", "text/javascript"),
            ("content-length", str(len(content))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], port: int = 0) -> Iterator[int]:
    """Serve in a thread; gives the port."""
    with Quick(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def opened(url: str) -> Iterator[None]:
    """Open an address in a Chromium that knows nobody."""
    program = shutil.which("chromium")
    assert program, "no chromium: apt-get install chromium"
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={folder}", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            browser.terminate()
            browser.wait(30)


@pytest.fixture
def told() -> Told:
    if "KI2API_BROWSER" not in os.environ:
        pytest.skip("a browser is run by .ci/run browser")
    return Told()


@pytest.fixture
def attacked(told: Told, evil: str) -> Callable[[str], Found]:
    """Lets the page of another origin try everything at an address, and says what it could read."""

    def attacked(at: str) -> Found:
        with opened(f"{evil}/?at={at}&report={evil}/report"):
            return told.found()

    return attacked


@pytest.fixture
def evil(told: Told) -> Iterator[str]:
    """A page of another origin; gives its address."""
    with serving(type("Evil", (Visit,), {"told": told})) as port:
        yield f"http://{EVIL}:{port}"


@pytest.fixture
def careless() -> Iterator[tuple[str, list[str]]]:
    """The address of a careless gateway, and who asked it."""
    asked: list[str] = []
    with serving(type("Counting", (Careless,), {"asked": asked})) as port:
        yield f"http://127.0.0.1:{port}", asked


@pytest.fixture
def rebound(told: Told, evil: str) -> Callable[[int], AbstractContextManager[None]]:
    """Opens a page at a port and a name, and takes its server away, so that another may come."""

    @contextmanager
    def rebound(port: int) -> Iterator[None]:
        asked = threading.Event()

        class Once(Visit):
            def do_GET(self) -> None:
                super().do_GET()
                if self.path.startswith("/is-this"):
                    asked.set()

        Once.told = told
        with ExitStack() as first:
            first.enter_context(serving(Once, port))
            with opened(f"http://{REBOUND}:{port}/?report={evil}/report"):
                assert asked.wait(60), "the page does not ask"
                first.close()
                yield

    return rebound


@pytest.fixture
def port() -> int:
    """A port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number: int = taken.getsockname()[1]
    return number
