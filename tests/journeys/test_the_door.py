"""What the server does around a request: keys, errors, clients that leave, and shutdown."""

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute

from ki2api.app import create_app
from ki2api.simulator import Simulator

ASK = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hello"}]}
ANTHROPIC = {"anthropic-version": "2023-06-01"}


def until(true: Callable[[], object]) -> None:
    """Wait for something that happens in another thread or process."""
    for _ in range(2000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def say(text: str, **more: Any) -> dict[str, Any]:
    return {**ASK, "messages": [{"role": "user", "content": text}], **more}


@pytest.fixture
def http(house: Any) -> httpx.Client:
    gateway, _ = house
    client: httpx.Client = gateway.http()
    return client


def test_health_needs_no_key(house: Any) -> None:
    gateway, _ = house
    health = httpx.get(f"{gateway.url}/health", trust_env=False)
    assert health.status_code == 200
    assert health.json()["status"] == "ok"
    assert health.json()["default_key"] is True


OPEN = {"/", "/health", "/health/live", "/health/ready"}
KEPT_SHUT = [
    (str(method), route.path_format.format(model_id="claude-sonnet-4.5", response_id="resp_1"))
    for route in create_app().routes
    if isinstance(route, HTTPRoute) and route.path_format not in OPEN
    for method in sorted(route.methods)
]


@pytest.mark.parametrize(("method", "path"), KEPT_SHUT)
def test_every_other_route_does(house: Any, method: str, path: str) -> None:
    gateway, _ = house
    refused = httpx.request(method, gateway.url + path, json={}, trust_env=False)
    assert refused.status_code == 401
    assert refused.headers["x-request-id"] == refused.headers["request-id"]
    assert "error" in refused.json()


def test_there_are_routes_to_keep_shut() -> None:
    assert {"/v1/messages", "/v1/token/refresh", "/schema"} <= {path for _, path in KEPT_SHUT}


def test_the_guard_stands_also_without_an_auth_stage(simulator: Simulator, start: Any) -> None:
    simulator.add_account("only")
    stages = ["encode-stream", "normalize", "route", "retry", "account-select"]
    chain = "".join(f'[[pipeline]]\nstage = "{stage}"\n' for stage in stages)
    gateway = start(simulator, rest=chain)
    assert httpx.post(f"{gateway.url}/v1/messages", json={}, trust_env=False).status_code == 401
    with gateway.http() as http:
        assert http.post("/v1/chat/completions", json=ASK).status_code == 200


def test_any_query_string_is_tolerated(http: httpx.Client) -> None:
    assert http.post("/v1/chat/completions?beta=true&x=%ff&y", json=ASK).status_code == 200
    assert http.post("/v1/messages?beta=true", json={**ASK, "max_tokens": 9}).status_code == 200


def test_a_wrong_path_is_answered_with_the_right_ones(http: httpx.Client) -> None:
    answers = [http.get("/v1/completions", headers=headers) for headers in ({}, ANTHROPIC)]
    for answer in answers:
        assert answer.status_code == 404
        for path in ("/v1/chat/completions", "/v1/messages", "/v1/models", "/health"):
            assert path in answer.json()["error"]["message"]
    assert answers[1].json()["type"] == "error"


def test_a_wrong_method_is_answered_with_the_right_one(http: httpx.Client) -> None:
    answer = http.get("/v1/messages")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert http.post("/v1/models/x", json={}).headers["allow"] == "GET"
    assert http.get("/v1/responses").headers["allow"] == "POST"
    assert http.post("/v1/responses/x", json={}).headers["allow"] == "DELETE, GET"
    assert http.get("/v1/responses/x/cancel").headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions"])
def test_a_websocket_is_refused_by_the_status_on_which_codex_goes_on(house: Any, path: str) -> None:
    gateway, _ = house
    host, port = gateway.url.removeprefix("http://").split(":")
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as client:
        client.sendall(head.encode())
        answer = client.makefile("rb")
        assert answer.readline() == b"HTTP/1.1 426 Upgrade Required\r\n"
        while (line := answer.readline()) != b"\r\n":
            assert line
        assert b'"code":"websocket_not_supported"' in answer.read1()
    assert "Unsupported upgrade request" not in gateway.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"model": NaN}',
        b'{"model": 1}',
        b"[" * 100_000,
        b'"x"',
        b'{"messages": "' + b"a" * 1000,
        b'{"model": "\\ud800", "messages": []}',
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_bad_bodies_are_the_callers_fault(http: httpx.Client, path: str, body: bytes) -> None:
    answer = http.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert len(answer.content) < 2000


def test_only_json_is_read(http: httpx.Client) -> None:
    for headers in ({"content-type": "text/plain"}, {"content-type": ""}):
        assert http.post("/v1/messages", content=b"{}", headers=headers).status_code == 415
    packed = {"content-type": "application/json", "content-encoding": "gzip"}
    assert http.post("/v1/messages", content=b"{}", headers=packed).status_code == 415


def test_a_body_that_is_too_large_is_refused(simulator: Simulator, start: Any) -> None:
    gateway = start(simulator, accounts="")
    with gateway.http() as http:
        # The settings' default; declared, and then in chunks that nobody declared.
        big = b" " * (32 * 1024 * 1024 + 1)
        kind = {"content-type": "application/json"}
        declared = http.post("/v1/messages", content=big, headers=kind)
        assert declared.status_code == 413
        assert declared.json()["error"]["type"] == "request_too_large"
        chunked = http.post("/v1/chat/completions", content=iter([big[:-1], b"  "]), headers=kind)
        assert chunked.status_code == 413


def test_pages_of_other_origins_and_foreign_hosts_are_refused(house: Any) -> None:
    gateway, simulator = house
    before = len(simulator.requests)
    with gateway.http() as http:
        for headers in (
            {"origin": "https://evil.example"},
            {"sec-fetch-site": "cross-site"},
            {"host": "evil.example:8989"},
        ):
            assert http.post("/v1/chat/completions", json=ASK, headers=headers).status_code == 403
    assert len(simulator.requests) == before


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_cancels_its_upstream_call(house: Any, *, stream: bool) -> None:
    gateway, simulator = house
    before = len(simulator.requests)
    body = say("[[sim:silence seconds=600]] Hello", stream=stream)
    with gateway.http(timeout=0.7) as http, pytest.raises(httpx.ReadTimeout):
        http.post("/v1/chat/completions", json=body)
    until(lambda: len(simulator.requests) > before)
    until(lambda: simulator.requests[before].abandoned)
    until(lambda: all(status["in_flight"] == 0 for status in gateway.statuses().values()))
    assert {status["state"] for status in gateway.statuses().values()} == {"ready"}


def test_a_client_that_leaves_in_the_middle_of_a_stream_cancels_too(house: Any) -> None:
    gateway, simulator = house
    before = len(simulator.requests)
    body = say("[[sim:drip]] Hello", stream=True)
    with (
        gateway.http() as http,
        http.stream("POST", "/v1/chat/completions", json=body) as answer,
    ):
        assert next(answer.iter_raw())
    until(lambda: simulator.requests[before].abandoned)


def test_an_upstream_that_thinks_for_long_gets_pings_sent(
    simulator: Simulator, start: Any, chain: Any
) -> None:
    simulator.add_account("only")
    rest = chain(encode_stream="keep-alive-seconds = 0.1")
    gateway = start(simulator, rest=rest, server="hold-back-seconds = 0.1")
    body = say("[[sim:silence seconds=1]] Hello", stream=True, max_tokens=100)
    with gateway.http() as http:
        chat = http.post("/v1/chat/completions", json=body)
        messages = http.post("/v1/messages", json=body)
        whole = http.post("/v1/messages", json={**body, "stream": False})
    assert chat.text.startswith(": ")
    assert chat.text.endswith("data: [DONE]\n\n")
    assert messages.text.startswith("event: ping")
    assert "message_stop" in messages.text
    assert whole.json()["content"][0]["text"]


def test_a_failure_after_the_pings_began_is_told_in_the_stream(
    simulator: Simulator, start: Any, chain: Any
) -> None:
    simulator.add_account("only")
    gateway = start(
        simulator,
        upstream=f'auth-url = "{simulator.urls.auth}"\nfirst-event-seconds = 0.5',
        server="hold-back-seconds = 0.1",
        rest=chain(retry="attempts = 1"),
    )
    body = say("[[sim:hang]] Hello", stream=True, max_tokens=100)
    with gateway.http() as http:
        chat = http.post("/v1/chat/completions", json=body)
        messages = http.post("/v1/messages", json=body)
        whole = http.post("/v1/messages", json={**body, "stream": False})
    assert chat.status_code == 200
    assert '"error"' in chat.text
    assert "[DONE]" not in chat.text
    assert 'finish_reason":"stop' not in chat.text
    assert "event: error" in messages.text
    assert "message_stop" not in messages.text
    assert whole.status_code == 504


@pytest.mark.parametrize(
    "scenario",
    [
        "reset-midway at=800",
        "truncated at=800",
        "cut at=800",
        "half-close at=800",
        "corrupt at=1000",
        "exception",
        "error-frame",
        "bad-json",
    ],
)
def test_a_broken_stream_never_ends_cleanly(house: Any, scenario: str) -> None:
    gateway, _ = house
    body = say(f"[[sim:{scenario}]] Hello", stream=True, max_tokens=100)
    with gateway.http() as http:
        chat = http.post("/v1/chat/completions", json=body)
        messages = http.post("/v1/messages", json=body)
    assert '"error"' in chat.text
    assert "[DONE]" not in chat.text
    assert "event: error" in messages.text
    assert "message_stop" not in messages.text


def asking(gateway: Any, text: str, answers: list[str]) -> threading.Thread:
    """Ask for a stream in a thread of its own, and collect what came."""

    def stream() -> None:
        with gateway.http() as http:
            body = say(text, stream=True)
            answers.append(http.post("/v1/chat/completions", json=body).text)

    thread = threading.Thread(target=stream)
    thread.start()
    return thread


def test_sigterm_lets_open_streams_finish_and_exits_with_0(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only")
    gateway = start(simulator)
    answers: list[str] = []
    threads = [asking(gateway, "[[sim:pause seconds=1]] Hello", answers) for _ in range(5)]
    until(lambda: len(simulator.requests) == 5)
    assert gateway.stop() == 0
    for thread in threads:
        thread.join()
    assert [answer.endswith("data: [DONE]\n\n") for answer in answers] == [True] * 5


def test_streams_that_outlast_the_drain_are_told_and_the_exit_is_0(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only")
    gateway = start(simulator)
    answers: list[str] = []
    thread = asking(gateway, "[[sim:drip seconds=30]] Hello", answers)
    until(lambda: len(simulator.requests) == 1)
    assert gateway.stop() == 0
    thread.join()
    assert "shutting down" in answers[0]
    assert "[DONE]" not in answers[0]


def test_ctrl_c_is_a_clean_end_too(simulator: Simulator, start: Any) -> None:
    gateway = start(simulator, accounts="")
    assert gateway.url
    assert gateway.stop(signal.SIGINT) == 0
    assert "Traceback" not in gateway.text


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", b"431"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 150 + b"\r\n", b"431"),
        (b"GET /health HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"431"),
    ],
)
def test_strange_heads_are_refused_and_closed(house: Any, head: bytes, status: bytes) -> None:
    gateway, _ = house
    port = int(gateway.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(head)
        answer = b""
        while more := raw.recv(65536):
            answer += more
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1") == 1


def test_a_taken_port_is_said_in_one_line(house: Any, start: Any, simulator: Simulator) -> None:
    gateway, _ = house
    port = int(gateway.url.rpartition(":")[2])
    other = start(simulator, accounts="", environ={"KI2API_PORT": str(port)})
    assert other.process.wait(30) == 1
    other.wait_for("cannot listen on")
    assert "Traceback" not in other.text


def test_a_second_signal_ends_it_at_once_and_quietly(simulator: Simulator, start: Any) -> None:
    simulator.add_account("only")
    gateway = start(simulator)

    def stream() -> None:
        with gateway.http() as http, contextlib.suppress(httpx.HTTPError):
            http.post("/v1/chat/completions", json=say("[[sim:stall at=800]] Hi", stream=True))

    thread = threading.Thread(target=stream)
    thread.start()
    until(lambda: len(simulator.requests) == 1)
    gateway.process.send_signal(signal.SIGINT)
    gateway.wait_for("waiting up to 5 s for 1 open answers; Ctrl\\+C again ends it")
    assert gateway.stop(signal.SIGINT) == 0
    thread.join()
    assert "Traceback" not in gateway.text
