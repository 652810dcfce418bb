"""How the process ends: with a hundred answers open, with a stage that will not, and unread."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec

from ki2api.simulator import Simulator

KEY = "ki2api-key-2024"
HEADERS = {"authorization": f"Bearer {KEY}"}
OPEN = 100
LAST = {
    "/v1/chat/completions": "data: [DONE]",
    "/v1/responses": "event: response.completed",
    "/v1/messages": "event: message_stop",
}
PATHS = tuple(LAST)


def asked(path: str, text: str, *, stream: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"model": "claude-sonnet-4.5", "stream": stream}
    if path == "/v1/responses":
        return {**body, "input": text}
    return {**body, "max_tokens": 500, "messages": [{"role": "user", "content": text}]}


async def ask(http: httpx.AsyncClient, number: int) -> str:
    """Ask in one of the dialects; the odd ones take longer than the server will wait."""
    path, stream = PATHS[number % 3], number % 12 < 6
    scenario = "stall at=800" if number % 2 else "pause seconds=1"
    body = asked(path, f"[[sim:{scenario}]] {number}", stream=stream)
    answer = await http.post(path, json=body)
    ended = LAST[path] in answer.text if stream else answer.status_code == 200
    told = "shutting down" in answer.text
    assert ended != told, (path, stream, answer.status_code, answer.text[-300:])
    return "told" if told else "ended"


def test_of_a_hundred_open_answers_none_is_cut_off_without_a_word(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    accounts = [simulator.add_account(name) for name in ("first", "second")]
    gateway = start(simulator)

    async def ask_all() -> list[str]:
        limits = httpx.Limits(max_connections=None)
        options: Any = {"headers": HEADERS, "trust_env": False, "timeout": 60, "limits": limits}
        async with (
            httpx.AsyncClient(base_url=gateway.url, **options) as http,
            asyncio.TaskGroup() as group,
        ):
            asking = [group.create_task(ask(http, number)) for number in range(OPEN)]
            while len(simulator.requests) < OPEN:
                await asyncio.sleep(0.01)
            gateway.process.send_signal(signal.SIGTERM)
        return [task.result() for task in asking]

    ends = asyncio.run(ask_all())
    assert (ends.count("ended"), ends.count("told")) == (OPEN // 2, OPEN // 2)
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.text
    assert gateway.text.count(" account=") == OPEN, "each has its line"
    state = msgspec.json.decode((tmp_path / "state" / "state.json").read_bytes())
    kept = {each["wallet"]["refresh"] for each in state["accounts"].values()}
    assert kept == {account.refresh_token for account in accounts}


STUCK = '''"""Will not end."""

import asyncio

from pipeline import Stage


class Stuck(Stage):
    """Swallows every cancellation."""

    name = "stuck"

    async def __call__(self, flow, call_next):
        await call_next(flow)
        flow.log.info("holding on")
        while True:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                flow.log.info("swallowed")
'''


def test_a_stage_that_swallows_its_cancellation_cannot_keep_the_process(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    account = simulator.add_account("only")
    gateway = start(simulator, rest=stuck_stage(tmp_path))
    at = httpx.URL(gateway.url)
    with socket.create_connection((at.host, at.port)) as wire:
        content = msgspec.json.encode(asked("/v1/messages", "Hello", stream=False))
        head = f"POST /v1/messages HTTP/1.1\r\nhost: x.localhost\r\nx-api-key: {KEY}\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        wire.sendall(head.encode() + content)
        gateway.wait_for("holding on")
    gateway.wait_for("swallowed")
    assert gateway.stop() == 0
    assert "what does not end is left behind" in gateway.text
    assert account.refresh_token in (tmp_path / "state" / "state.json").read_text()


def test_a_stage_that_does_not_go_on_has_an_end_for_its_caller_and_its_account(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    simulator.add_account("only")
    gateway = start(simulator, server="stage-seconds = 0.2", rest=stuck_stage(tmp_path))
    with gateway.http() as http:
        for path in PATHS:
            answer = http.post(path, json=asked(path, "Hello", stream=False))
            assert answer.status_code == 500
            assert "Stage 'stuck' did not go on" in answer.text
            assert answer.headers["x-request-id"] in answer.text
    assert gateway.statuses()["only"]["in_flight"] == 0
    assert gateway.text.count("swallowed") >= len(PATHS)
    assert gateway.text.count("failed: internal_error") == len(PATHS)
    assert re.search(r"is ended: in stage stuck for \d+ s, at \S*stuck\.py:\d+", gateway.text)
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.text


def stuck_stage(folder: Path) -> str:
    (folder / "stuck.py").write_text(STUCK)
    (folder / "stuck.py").chmod(0o600)
    return '[[pipeline]]\nstage = "stuck.py"\nbefore = "retry"\n'


def test_a_log_that_nobody_reads_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[server]\nport = 0\n[upstream]\nkind = "simulator"\n')
    process = subprocess.Popen(
        [sys.executable, "-m", "ki2api", "serve"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    log = process.stderr
    try:
        url = next(hit[0].decode() for line in log if (hit := re.search(rb"http://[\d.:]+", line)))
        with httpx.Client(base_url=url, headers=HEADERS, timeout=20, trust_env=False) as http:
            for _ in range(1000):  # a pipe holds 64 KiB
                assert http.post("/v1/messages", json={}).status_code == 400
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        log.close()


def test_a_stage_that_stops_the_loop_is_named_in_the_log_with_its_line(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    simulator.add_account("only")
    stage = tmp_path / "blocking.py"
    stage.write_text("import time\n\n\ndef request(flow):\n    time.sleep(1)\n")
    stage.chmod(0o600)
    gateway = start(simulator, rest='[[pipeline]]\nstage = "./blocking.py"\nafter = "normalize"\n')
    told = re.compile(
        r"nobody has been served for [\d.]+ s: the event loop is in .*blocking\.py:5\)"
    )
    with gateway.http() as http:
        for _ in range(30):  # where the machine is busy, the watch blames nobody
            answer = http.post("/v1/messages", json=asked("/v1/messages", "Hello", stream=False))
            assert answer.status_code == 200
            if told.search(gateway.text):
                break
    gateway.wait_for(told)
