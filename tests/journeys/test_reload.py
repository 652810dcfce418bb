"""Settings, stages and logins that change while the real server runs."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.simulator import Simulator, SimulatorOptions

KEY = "ki2api-key-2024"
MINE = '[[pipeline]]\nstage = "./mine.py"\nafter = "normalize"\n'
ALIAS = '[[models]]\nname = "mine"\nmodel = "claude-sonnet-4.5"\n'

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")


def stage(word: str) -> str:
    """Return a stage file that answers everything with a word."""
    return (
        '"""Answers with a word."""\n'
        "from ki2api.errors import InvalidRequest\n\n\n"
        f'def request(flow):\n    raise InvalidRequest("{word}")\n'
    )


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


class Running:
    """A gateway whose files are rewritten under it."""

    def __init__(self, gateway: Any, folder: Path) -> None:
        self.gateway = gateway
        self.config = folder / "config.toml"
        self.url = gateway.url

    def rewrite(self, change: Callable[[str], str]) -> None:
        self.config.write_text(change(self.config.read_text()))

    def add(self, text: str) -> None:
        self.rewrite(lambda before: before + text)

    def hang_up(self) -> None:
        """Ask for a look at once, so that no test waits for the next one."""
        self.gateway.process.send_signal(signal.SIGHUP)

    def health(self) -> Any:
        return httpx.get(f"{self.url}/health", trust_env=False).json()

    def ask(self, key: str = KEY, text: str = "Hi", **changed: Any) -> httpx.Response:
        body = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": text}]}
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            json={**body, **changed},
            headers={"x-api-key": key},
            trust_env=False,
            timeout=60,
        )

    def times(self, text: str) -> int:
        """Return how many lines of the log hold a text."""
        return sum(text in line for line in list(self.gateway.log))


@pytest.fixture
def go_on() -> threading.Event:
    """Lets replies go on that pause in their middle."""
    return threading.Event()


@pytest.fixture
def simulator(go_on: threading.Event) -> Iterator[Simulator]:
    async def sleep(_: float) -> None:
        while not go_on.is_set():
            await asyncio.sleep(0.01)

    with Simulator(SimulatorOptions(sleep=sleep)).threaded() as simulator:
        yield simulator
        go_on.set()


@pytest.fixture
def running(simulator: Simulator, start: Any, tmp_path: Path) -> Running:
    simulator.add_account("first")
    return Running(start(simulator), tmp_path)


def test_new_settings_serve_new_requests_and_no_stream_under_way_breaks(
    running: Running, simulator: Simulator, go_on: threading.Event
) -> None:
    ended: list[str] = []

    def stream() -> None:
        ended.append(running.ask(text="[[sim:pause]] Hi", stream=True).text)

    streams = [threading.Thread(target=stream) for _ in range(20)]
    for each in streams:
        each.start()
    until(lambda: len(simulator.requests) == 20)
    running.rewrite(lambda text: text.replace("[server]", '[server]\napi-keys = ["sk-new"]'))
    running.add(ALIAS)
    running.hang_up()
    until(lambda: running.times("settings: config.toml") == 2)
    assert running.ask("sk-new", model="mine").status_code == 200
    assert running.ask().status_code == 401
    assert ended == []
    go_on.set()
    for each in streams:
        each.join()
    assert len(ended) == 20
    assert all(text.endswith("data: [DONE]\n\n") for text in ended)


def test_a_change_is_seen_without_anybody_asking(running: Running) -> None:
    running.add(ALIAS)
    until(lambda: running.times("settings: config.toml") == 2)
    assert running.ask(model="mine").status_code == 200


def test_broken_settings_leave_the_old_ones_in_force_until_they_are_mended(
    running: Running,
) -> None:
    whole = running.config.read_text()
    running.config.write_text(whole + '[[models]]\nname = "mine"\n[server\n')
    running.hang_up()
    until(lambda: running.health()["status"] == "degraded")
    (reason,) = running.health()["reasons"]
    assert "the settings have faults since" in reason
    assert "those before are in force: config.toml:" in reason
    assert running.ask().status_code == 200
    for _ in range(2):
        running.hang_up()
    running.config.write_text(whole + ALIAS)
    running.hang_up()
    until(lambda: running.health()["status"] == "ok")
    assert running.ask(model="mine").status_code == 200
    assert running.times("ERROR") == 1
    assert running.times("the faults of the settings are mended") == 1


@pytest.mark.parametrize(
    "broken",
    [
        "[server]\nport = 'x'\n",
        '[[pipeline]]\nstage = "./gone.py"\nafter = "normalize"\n',
        '[[pipeline]]\nstage = "fetch-images"\nafter = "auth"\n',
        '[[accounts]]\nname = "me"\n',
        '[[accounts]]\nname = "me"\nrefresh-token = "file:gone.txt"\n',
        "[server]\nrequire-own-key = true\n",
        "\x00",
    ],
)
def test_nothing_that_is_broken_comes_into_force(running: Running, broken: str) -> None:
    before = running.config.read_text()
    running.config.write_text(broken)
    running.hang_up()
    until(lambda: running.health()["status"] == "degraded")
    assert running.ask().status_code == 200
    running.config.write_text(before)
    running.hang_up()
    until(lambda: running.health()["status"] == "ok")
    assert "Traceback" not in running.gateway.text


def test_settings_that_others_can_write_bring_no_code_into_force(
    running: Running, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(f'open("{tmp_path}/ran", "w")\n{stage("mine")}')
    running.config.chmod(0o666)
    running.add(MINE)
    running.hang_up()
    until(lambda: running.health()["status"] == "degraded")
    assert "others can change config.toml: chmod go-w" in running.health()["reasons"][0]
    assert running.ask().status_code == 200
    assert not (tmp_path / "ran").exists()
    running.config.chmod(0o644)
    running.hang_up()
    until(lambda: running.health()["status"] == "ok")
    assert running.ask().status_code == 400


def test_a_stage_file_that_is_edited_comes_into_force(running: Running, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(stage("one"))
    running.add(MINE)
    running.hang_up()
    until(lambda: "one" in running.ask().text)
    (tmp_path / "mine.py").write_text(stage("two"))
    until(lambda: "two" in running.ask().text)
    (tmp_path / "mine.py").write_text("def request(flow:\n")
    until(lambda: running.health()["status"] == "degraded")
    assert "mine.py:1" in running.health()["reasons"][0]
    assert "two" in running.ask().text
    (tmp_path / "mine.py").write_text(stage("three"))
    until(lambda: "three" in running.ask().text)
    assert running.health()["status"] == "ok"


def test_what_cannot_change_is_named_and_the_rest_is_taken(running: Running) -> None:
    running.rewrite(lambda text: text.replace("port = 0", "port = 1"))
    running.add(ALIAS)
    running.hang_up()
    until(lambda: running.ask(model="mine").status_code == 200)
    running.gateway.wait_for(
        r"config\.toml:3: server\.port cannot change while serving: it stays 0 until a restart"
    )


def test_a_login_of_the_ide_that_changes_is_used_without_a_restart(
    simulator: Simulator, start: Any, tmp_path: Path
) -> None:
    first, second = simulator.add_account("first"), simulator.add_account("second")
    file = tmp_path / ".aws" / "sso" / "cache" / "kiro-auth-token.json"
    file.parent.mkdir(parents=True)

    def log_in(token: str) -> None:
        file.write_bytes(msgspec.json.encode({"refreshToken": token, "authMethod": "social"}))
        file.chmod(0o600)

    log_in(first.refresh_token)
    running = Running(start(simulator, accounts=""), tmp_path)
    assert running.ask().status_code == 200
    log_in(second.refresh_token)
    until(lambda: running.times("accounts from") == 2)
    assert running.ask().status_code == 200
    assert [request.account for request in simulator.requests] == ["first", "second"]
    file.write_text("{")
    until(lambda: running.health()["status"] == "degraded")
    assert "the logins have faults" in running.health()["reasons"][0]
    assert running.ask().status_code == 200
    log_in(second.refresh_token)
    until(lambda: running.health()["status"] == "ok")


def test_an_account_keeps_its_counts_and_standing_when_settings_change(
    running: Running, simulator: Simulator
) -> None:
    assert running.ask().status_code == 200
    # An account that has served is asked for its models, which would find the suspension first.
    until(lambda: simulator.asked["first", "ListAvailableModels"] == 1)
    simulator.accounts["first"].suspend()
    assert running.ask().status_code != 200
    running.add(ALIAS)
    running.hang_up()
    until(lambda: running.times("settings: config.toml") == 2)
    status = running.gateway.statuses()["first"]
    assert status["state"] == "quarantined"
    assert status["requests"] == 2
    assert simulator.refreshes == 1


def test_a_server_that_drains_ends_the_streams_of_older_settings_too(
    running: Running, simulator: Simulator
) -> None:
    ended: list[str] = []

    def stream() -> None:
        ended.append(running.ask(text="[[sim:pause]] Hi", stream=True).text)

    old = threading.Thread(target=stream)
    old.start()
    until(lambda: len(simulator.requests) == 1)
    running.add(ALIAS)
    running.hang_up()
    until(lambda: running.times("settings: config.toml") == 2)
    assert running.gateway.stop() == 0
    old.join()
    assert "shutting down" in ended[0]


class SlowSignIn(BaseHTTPRequestHandler):
    """Rotates the token at once, and answers when it may."""

    asked, go_on = threading.Event(), threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.asked.set()
        self.go_on.wait(30)
        answer = b'{"accessToken": "new-access", "refreshToken": "rotated", "expiresIn": 3600}'
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def slow_sign_in() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowSignIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_no_further_signal_cuts_off_a_refresh_whose_token_is_rotated(
    simulator: Simulator, start: Any, tmp_path: Path, slow_sign_in: str
) -> None:
    simulator.add_account("first")
    running = Running(start(simulator, upstream=f'auth-url = "{slow_sign_in}"\n'), tmp_path)

    def ask() -> None:
        with contextlib.suppress(httpx.HTTPError):
            running.ask()

    asking = threading.Thread(target=ask)
    asking.start()
    assert SlowSignIn.asked.wait(30)
    process = running.gateway.process
    for number in [signal.SIGTERM] * 2 + [signal.SIGHUP, signal.SIGINT, signal.SIGTERM] * 4:
        process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
    SlowSignIn.go_on.set()
    assert process.wait(30) == 0
    asking.join()
    state = msgspec.json.decode((tmp_path / "state" / "state.json").read_bytes())
    assert [each["wallet"]["refresh"] for each in state["accounts"].values()] == ["rotated"]


def test_a_pipe_in_the_place_of_the_settings_is_told_and_keeps_nothing_from_its_end(
    running: Running,
) -> None:
    running.config.unlink()
    os.mkfifo(running.config)
    running.hang_up()
    until(lambda: "it is not a regular file" in str(running.health()))
    assert running.ask().status_code == 200
    assert running.gateway.stop() == 0


ENDLESS = '''"""Does not stop."""
import asyncio
import threading

from pipeline import Stage


class Endless(Stage):
    """Swallows its cancellation and leaves a thread at work."""

    name = "endless"

    async def stop(self):
        asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
        while True:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                continue

    async def __call__(self, flow, call_next):
        await call_next(flow)
'''


def test_a_stage_that_never_stops_cannot_keep_the_process(running: Running) -> None:
    stage_file = running.config.with_name("mine.py")
    stage_file.write_text(ENDLESS)
    stage_file.chmod(0o600)
    running.add(MINE)
    running.hang_up()
    until(lambda: running.times("settings: config.toml") == 2)
    assert running.gateway.stop() == 0
    assert running.times("a stage does not stop: it is left behind") == 1


ON_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "ki2api", "serve"])
"""


def test_a_terminal_that_is_closed_ends_the_server(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[server]\nport = 0\n[upstream]\nkind = "simulator"\n')
    terminal, ours = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdin=ours,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as server:
        os.close(ours)
        assert server.stderr is not None
        while "serving on" not in server.stderr.readline():
            assert server.poll() is None
        os.close(terminal)
        assert server.wait(30) == 0
        assert "stopping" in server.stderr.read()


def test_replies_are_kept_over_a_change(running: Running) -> None:
    headers = {"x-api-key": KEY}
    with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as http:
        asked = {"model": "claude-sonnet-4.5", "input": "Hi"}
        kept = http.post("/v1/responses", json=asked, timeout=60).json()
        running.add(ALIAS)
        running.hang_up()
        until(lambda: running.ask(model="mine").status_code == 200)
        assert http.get(f"/v1/responses/{kept['id']}").json() == kept
        later = {**asked, "previous_response_id": kept["id"]}
        assert http.post("/v1/responses", json=later, timeout=60).status_code == 200
