"""Strangers at the door of a real server: foreign host names, web pages, and headers said twice."""

import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from ki2api.simulator import Simulator

ASK = b'{"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hello"}]}'
KEY = ("Authorization", "Bearer ki2api-key-2024")
CHAT = "/v1/chat/completions"


def ask(gateway: Any, path: str, *headers: tuple[str, str], method: str = "GET") -> tuple[int, str]:
    """Send these headers as they stand, and return the status and all that came."""
    body = ASK if method == "POST" else b""
    own = [("Host", "127.0.0.1")] * ("Host" not in dict(headers))
    own += [("Connection", "close"), ("Content-Length", str(len(body)))]
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in [*own, *headers])]
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        wire.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        answer = b""
        while more := wire.recv(65_536):
            answer += more
    return int(answer.split(b" ", 2)[1]), answer.decode()


PLACES = [
    ("GET", "/"),
    ("HEAD", "/"),
    ("GET", "/health"),
    ("GET", "/no/such/place"),
    ("DELETE", "/health"),
    ("PUT", CHAT),
    ("OPTIONS", CHAT),
    ("OPTIONS", "/no/such/place"),
    ("POST", CHAT),
    ("POST", "/messages"),
    ("GET", "/v1/token/status"),
]
STRANGERS = [
    ("Host", "evil.example:8989"),
    ("Origin", "http://evil.example"),
    ("Origin", "null"),
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Site", "same-site"),
]


@pytest.mark.parametrize(("method", "path"), PLACES)
def test_a_stranger_learns_nothing_anywhere(house: Any, method: str, path: str) -> None:
    gateway, simulator = house
    before = len(simulator.requests)
    for stranger in STRANGERS:
        status, answer = ask(gateway, path, KEY, stranger, method=method)
        assert status == 403, stranger
        assert "access-control" not in answer.lower()
        assert "accounts" not in answer
        assert "There are:" not in answer
    assert len(simulator.requests) == before


def test_a_stranger_is_refused_in_the_dialect_of_the_path(house: Any) -> None:
    gateway, _ = house
    evil = ("Host", "evil.example")
    assert '"type":"error"' in ask(gateway, "/messages", KEY, evil, method="POST")[1]
    assert '"code":"forbidden"' in ask(gateway, CHAT, KEY, evil, method="POST")[1]
    gateway.wait_for("'/v1/messages' 403 failed: forbidden")


JSON = ("Content-Type", "application/json")
TWICE = [
    (401, [KEY, ("X-Forwarded-For", "8.8.8.8"), ("X-Forwarded-For", "127.0.0.1")]),
    (401, [KEY, ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", "8.8.8.8")]),
    (401, [KEY, ("X-Real-IP", "8.8.8.8"), ("X-Real-IP", "127.0.0.1")]),
    (401, [KEY, ("Forwarded", "for=8.8.8.8"), ("Forwarded", "for=127.0.0.1")]),
    (401, [KEY, ("Via", "1.1 somewhere")]),
    (401, [("Authorization", "Bearer wrong"), KEY]),
    (401, [KEY, ("Authorization", "Bearer wrong")]),
    (401, [("x-api-key", "wrong"), ("x-api-key", KEY[1][7:])]),
    (401, [KEY, ("x-api-key", "wrong")]),
    (403, [KEY, ("Origin", "http://evil.example"), ("Origin", "http://127.0.0.1")]),
    (403, [KEY, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "none")]),
    (400, [KEY, ("Host", "evil.example"), ("Host", "127.0.0.1")]),
    (415, [KEY, ("Content-Type", "text/plain")]),
    (200, [KEY]),
    (200, [KEY, KEY, ("x-api-key", KEY[1][7:])]),
    (200, [KEY, ("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-For", "192.168.0.1")]),
    (200, [KEY, ("Origin", "http://127.0.0.1"), ("Sec-Fetch-Site", "same-origin")]),
]


@pytest.mark.parametrize(("status", "headers"), TWICE)
def test_of_two_headers_neither_hides_the_other(
    house: Any, status: int, headers: list[tuple[str, str]]
) -> None:
    gateway, simulator = house
    before = len(simulator.requests)
    assert ask(gateway, CHAT, JSON, *headers, method="POST")[0] == status
    assert len(simulator.requests) == before + (status == 200)


def test_a_named_key_works_until_its_table_goes_and_the_log_says_whose_it_is(
    simulator: Simulator, start: Any, launch: Any, tmp_path: Path
) -> None:
    simulator.add_account("only")
    made = launch(["keys", "new", "--name", "laptop"], tmp_path, {})
    assert made.process.wait(30) == 0
    key = made.wait_for(r"^(sk-ki2api-\S+)\n")[1]
    made.wait_for('hash = "sha256:')
    table = f"[[keys]]{made.text.partition('[[keys]]')[2]}"
    gateway = start(simulator, rest=table)
    assert ask(gateway, CHAT, JSON, ("x-api-key", key), method="POST")[0] == 200
    gateway.wait_for(" 200 .* key=laptop")
    assert ask(gateway, CHAT, JSON, KEY, method="POST")[0] == 401
    assert ask(gateway, "/v1/models", ("x-api-key", key[:-1]))[0] == 401

    settings = tmp_path / "config.toml"
    settings.write_text(settings.read_text().replace(table, ""))
    gateway.process.send_signal(signal.SIGHUP)
    while ask(gateway, "/v1/models", ("x-api-key", key))[0] == 200:
        gateway.process.send_signal(signal.SIGHUP)
    assert ask(gateway, "/v1/models", ("x-api-key", key))[0] == 401
    assert ask(gateway, "/v1/models", KEY)[0] == 200
    assert key not in gateway.text
