"""A real gateway whose Kiro sends it elsewhere, or cannot prove who it is: nothing follows."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ki2api.simulator import Simulator

ASK = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hello"}]}
ACCOUNTS = """
[[accounts]]
name = "key"
api-key = "ksk_made_up_for_this_test"
[[accounts]]
name = "login"
refresh-token = "a-refresh-token-made-up-for-this-test"
"""


class Elsewhere(BaseHTTPRequestHandler):
    """Notes who comes; where it is told to, it sends everybody to another place."""

    asked: list[str]
    place = ""
    status = 200

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.asked.append(self.path)
        self.send_response(type(self).status)
        if self.place:
            self.send_header("location", f"{self.place}{self.path}")
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - as the library has it

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the library has it
        """Say nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A place that nothing may come to: its address, and what came."""
    asked: list[str] = []
    with serving(type("There", (Elsewhere,), {"asked": asked})) as url:
        yield url, asked


def urls(at: str) -> str:
    names = ("api-url", "management-url", "auth-url", "oidc-url")
    return "\n".join(f'{name} = "{at}"' for name in names) + '\nfallback-url = ""'


def test_no_redirect_of_kiro_or_of_a_sign_in_service_is_followed(
    simulator: Simulator, start: Any, elsewhere: tuple[str, list[str]]
) -> None:
    there, came = elsewhere
    sending: Any = type("Sending", (Elsewhere,), {"asked": [], "place": there})
    with serving(sending) as url:
        gateway = start(simulator, accounts=ACCOUNTS, upstream=urls(url))
        with gateway.http() as http:
            for status in (301, 302, 303, 307, 308):
                sending.status = status
                sending.asked.clear()
                http.post("/v1/token/reset")
                assert http.post("/v1/chat/completions", json=ASK).is_server_error
                refreshed = http.post("/v1/token/refresh?account=login").json()
                assert refreshed["refreshed"] is False
                assert any("generate" in path.lower() for path in sending.asked), sending.asked
                assert any("refresh" in path.lower() for path in sending.asked), sending.asked
        gateway.stop()
    assert came == []


def test_no_field_and_no_header_of_a_client_chooses_the_host(
    simulator: Simulator, start: Any, elsewhere: tuple[str, list[str]]
) -> None:
    there, came = elsewhere
    simulator.add_account("only")
    gateway = start(simulator)
    fields = (
        "api_base",
        "base_url",
        "url",
        "endpoint",
        "proxy",
        "host",
        "api-url",
        "custom_llm_provider",
    )
    headers = dict.fromkeys(
        ("x-forwarded-server", "x-api-base", "x-base-url", "destination"), there
    )
    with gateway.http() as http:
        for path, plain in (
            ("chat/completions", ASK),
            ("messages", {**ASK, "max_tokens": 50}),
            ("responses", {"model": ASK["model"], "input": "Hello"}),
        ):
            body = {**plain, **dict.fromkeys(fields, there), "metadata": {"url": there}}
            http.post(
                f"/v1/{path}?api_base={there}",
                json=body,
                headers={**headers, "x-forwarded-for": "127.0.0.1"},
            )
            assert http.post(f"/v1/{path}?base_url={there}", json=plain).is_success
    assert len(simulator.requests) >= 3
    assert came == []


def test_who_does_not_speak_tls_is_never_spoken_to_without_it(
    simulator: Simulator, start: Any
) -> None:
    first: list[bytes] = []

    def answer() -> None:
        while True:
            try:
                wire, _ = listening.accept()
            except OSError:
                return
            with wire:
                first.append(wire.recv(1))
                wire.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=answer)
    thread.start()
    try:
        at = f"https://127.0.0.1:{listening.getsockname()[1]}"
        gateway = start(simulator, accounts=ACCOUNTS, upstream=urls(at))
        with gateway.http() as http:
            assert http.post("/v1/chat/completions", json=ASK).is_server_error
            assert http.post("/v1/token/refresh?account=login").json()["refreshed"] is False
        gateway.stop()
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
    assert len(first) >= 2
    assert set(first) == {b"\x16"}, "a TLS handshake, each time"
