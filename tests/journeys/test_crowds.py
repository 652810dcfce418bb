"""More clients than there is room for."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ki2api.simulator import Simulator
from tests.bench.idle import halves, told


def until(true: Callable[[], object]) -> None:
    for _ in range(2000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def asked(text: str) -> dict[str, Any]:
    turn = {"role": "user", "content": text}
    return {"model": "claude-sonnet-4.5", "max_tokens": 99, "stream": True, "messages": [turn]}


def test_one_more_than_there_are_places_is_told_to_come_again_in_its_dialect(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only")
    gateway = start(simulator, server="max-streams = 1\nqueue = 1\nqueue-seconds = 0.05")
    slow = asked("[[sim:pause seconds=600]] Hello")
    with gateway.http() as http, http.stream("POST", "/v1/messages", json=slow) as answer:
        assert answer.status_code == 200
        chat = http.post("/v1/chat/completions", json=asked("Hello"))
        messages = http.post("/v1/messages", json=asked("Hello"))
        assert http.get("/v1/models").status_code == 200, "what asks no model needs no place"
    assert chat.status_code == 503
    assert chat.json()["error"]["code"] == "server_is_overloaded"
    assert messages.status_code == 529
    assert messages.json()["error"]["type"] == "overloaded_error"
    for refused in (chat, messages):
        assert 1 <= int(refused.headers["retry-after"]) <= 5
    with gateway.http() as http:
        until(lambda: http.post("/v1/messages", json=asked("Hello")).status_code == 200)


def test_a_gateway_without_an_account_lives_but_is_not_ready(
    simulator: Simulator, start: Any
) -> None:
    gateway = start(simulator, accounts="", server="max-streams = 1")
    with httpx.Client(base_url=gateway.url, trust_env=False) as http:
        live, chat = http.get("/health/live"), http.get("/health/ready")
        messages = http.get("/health/ready", headers={"anthropic-version": "2023-06-01"})
        assert http.get("/health").json()["causes"] == ["no-account"]
    assert (live.status_code, live.json()) == (200, {"alive": True})
    for refused in (chat, messages):
        assert refused.status_code == 503
        assert refused.json()["error"]["message"] == "no account is configured"


def test_a_gateway_with_an_account_is_ready(simulator: Simulator, start: Any) -> None:
    simulator.add_account("only")
    gateway = start(simulator)
    answer = httpx.get(f"{gateway.url}/health/ready", trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


def test_who_waits_for_a_place_gets_it_when_another_has_left(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only")
    gateway = start(simulator, server="max-streams = 1\nqueue-seconds = 30")
    got: list[httpx.Response] = []

    def ask() -> None:
        with gateway.http() as http:
            got.append(http.post("/v1/messages", json=asked("Hello")))

    slow = asked("[[sim:pause seconds=600]] Hello")
    waiting = threading.Thread(target=ask)
    with gateway.http() as http, http.stream("POST", "/v1/messages", json=slow):
        waiting.start()
    waiting.join(60)
    assert [answer.status_code for answer in got] == [200]
    assert len(simulator.requests) == 2


def test_beside_500_halves_of_a_head_all_others_are_served_and_each_half_has_its_answer(
    simulator: Simulator, start: Any
) -> None:
    simulator.add_account("only")
    gateway = start(simulator)
    with halves(gateway.url, 500) as held, gateway.http() as http:
        for path in ("/v1/messages", "/v1/chat/completions") * 10:
            assert http.post(path, json=asked("Hello")).status_code == 200
        for each in held[:250]:
            each.sendall(b"x\r\n\r\n")
        assert {line.split()[1] for line in told(held[:250])} == {b"401"}
        assert gateway.stop() == 0
        assert {line.split()[1] for line in told(held[250:])} == {b"529"}


FEW = 96
"""Descriptors."""


def test_who_holds_all_descriptors_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[server]\nport = 0\n[upstream]\nkind = "simulator"\n')
    few = f"ulimit -n {FEW} && exec {sys.executable} -m ki2api serve"
    process = subprocess.Popen(
        ["/bin/sh", "-c", few],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    log = process.stderr
    try:
        url = next(hit[0].decode() for line in log if (hit := re.search(rb"http://[\d.:]+", line)))
        key = {"authorization": "Bearer ki2api-key-2024"}
        options: Any = {"headers": key, "timeout": 30, "trust_env": False}

        def status() -> int:
            answer = httpx.post(f"{url}/v1/messages", json=asked("Hello"), **options)
            return answer.status_code

        def served() -> bool:
            with contextlib.suppress(httpx.TransportError):  # the system's own way to refuse
                return status() == 200
            return False

        with halves(url, 3 * FEW):
            until(served)
            assert [status() for _ in range(5)] == [200] * 5
        process.terminate()
        assert process.wait(30) == 0
        assert b"Traceback" not in log.read()
    finally:
        process.kill()
        process.wait()
        log.close()
