"""A server that the system grants too little: of files, of descriptors, and of memory."""

import re
import resource
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from ki2api.simulator import Simulator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
KEY = "ki2api-key-2024"
ASK: dict[str, Any] = {
    "model": "claude-sonnet-4.5",
    "max_tokens": 500,
    "messages": [{"role": "user", "content": "Hello"}],
}
DESCRIPTORS = 64
NO_MEMORY = "Ki2API has too little memory for this request."


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not come to that")


def limit(gateway: Any, which: int, most: int) -> None:
    _, hard = resource.prlimit(gateway.process.pid, which)
    resource.prlimit(gateway.process.pid, which, (most, hard))


def test_a_state_that_cannot_be_written_costs_no_token_and_no_request(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    account = simulator.add_account("only")
    gateway = start(simulator)
    state = tmp_path / "state" / "state.json"
    with gateway.http() as http:
        assert http.post("/v1/messages", json=ASK).status_code == 200
        whole = state.read_bytes()
        limit(gateway, resource.RLIMIT_FSIZE, 0)
        account.expire_access()
        assert http.post("/v1/messages", json=ASK).status_code == 200
        assert account.refreshes == 2
        assert http.get("/health").json()["status"] == "degraded"
        assert state.read_bytes() == whole

        limit(gateway, resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)
        until(lambda: http.get("/health").json()["status"] == "ok")
    assert gateway.stop() == 0
    assert account.refresh_token in state.read_text()


def test_without_descriptors_an_open_stream_goes_on_and_others_are_served_later(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only")
    gateway = start(simulator)
    at = httpx.URL(gateway.url)
    pause = {"role": "user", "content": "[[sim:pause seconds=1]]"}
    with gateway.http() as http:
        assert http.post("/v1/messages", json=ASK).status_code == 200
        limit(gateway, resource.RLIMIT_NOFILE, DESCRIPTORS)
        body = {**ASK, "messages": [pause], "stream": True}
        with http.stream("POST", "/v1/messages", json=body) as stream, ExitStack() as held:
            pieces = stream.iter_text()
            said = next(pieces)
            for _ in range(2 * DESCRIPTORS):
                held.enter_context(socket.create_connection((at.host, at.port)))
            said += "".join(pieces)
        assert "event: message_stop" in said
        assert http.post("/v1/messages", json=ASK).status_code == 200
    with gateway.http() as http:
        assert http.post("/v1/messages", json=ASK).status_code == 200
    assert gateway.stop() == 0


def test_without_memory_a_large_request_is_told_so_and_others_are_served(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only")
    gateway = start(simulator)
    told = []
    with gateway.http() as http:
        assert http.post("/v1/messages", json=ASK).status_code == 200
        taken = re.search(
            r"VmSize:\s+(\d+)", Path(f"/proc/{gateway.process.pid}/status").read_text()
        )
        assert taken is not None
        limit(gateway, resource.RLIMIT_AS, (int(taken[1]) + 20 * 1024) * 1024)
        for path in ("/v1/messages", "/v1/chat/completions"):
            for mib in (1, 5, 15, 30):
                said = {"role": "user", "content": "a " * (mib * 512 * 1024)}
                answer = http.post(path, json={**ASK, "messages": [said]})
                told.append((answer.status_code, answer.json()["error"]["message"]))
                assert http.post(path, json=ASK).status_code == 200
        limit(gateway, resource.RLIMIT_AS, resource.RLIM_INFINITY)
        assert http.post("/v1/messages", json=ASK).status_code == 200
    assert {503, 529} <= {status for status, _ in told} <= {400, 503, 529}
    assert {message for status, message in told if status > 400} == {NO_MEMORY}
    assert not [message for status, message in told if status == 400 and "tokens" not in message]
    assert gateway.stop() == 0
