"""Real clients, each in a home of its own, against the real server and the simulator."""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ki2api.cli.connections import CONNECTIONS, Address
from ki2api.simulator import Simulator, SimulatorOptions
from ki2api.simulator.answer import Answer, Call
from ki2api.simulator.question import Question

KEY = "ki2api-key-2024"
MODEL = "claude-sonnet-4.5"
HERE = Path(__file__).parent
NOWHERE = "http://127.0.0.1:9"
"""A proxy that nobody serves: a client that wants more than this machine gets nothing."""
_STAGE = """
[[pipeline]]
stage = "./record_requests.py"
before = "auth"
folder = "sent"
"""


# How Claude Code, opencode and Codex ask for a summary (seen 2026-11).
COMPACTING = re.compile(r"<summary> block|that context was compacted")
CHECKPOINT = "CONTEXT CHECKPOINT COMPACTION"
FIXTURES = HERE.parents[1] / "fixtures" / "clients"
DROPPED = frozenset({"authorization", "x-api-key", "host", "connection", "content-length"})
NO_UUID = "00000000-0000-4000-8000-000000000000"
LONGEST = 120
"""Characters of a text that are kept: the shape is ours to keep, the words are the client's."""


class Coder:
    """A model that makes these calls one after the other, and at last tells what came of them.

    With `overflow` it finds the prompt too long once, before it tells.
    """

    def __init__(self, *calls: Call, overflow: bool = False) -> None:
        self._calls = deque(calls)
        self._overflow = overflow
        self.asked: list[Question] = []
        self.compacted = False
        self.words = "A poem"
        """What it says to a client that gives it no tools."""

    def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        if self._overflow and not self._calls and question.results:
            self._overflow = False
            return Answer(scenario="too-long")
        if COMPACTING.search(question.prompt) or CHECKPOINT in question.text:
            self.compacted = True
            return Answer("<analysis>It is short.</analysis><summary>A poem was made.</summary>")
        if not question.tools:
            return Answer(self.words)
        if self._calls:
            return Answer("I am at it.", (self._calls.popleft(),))
        return Answer("Done: " + "; ".join(result.text for result in question.results))


class Lab:
    """A gateway on a scripted simulator, and a home and a project for one client."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        self.home, self.project = folder / "home", folder / "project"
        self.poem = self.project / "poem.txt"
        self.environ: dict[str, str] = {}
        for made in (self.home, self.project, folder / "sent"):
            made.mkdir()

    coder: Coder

    def open(self, gateway: Any, simulator: Simulator) -> None:
        """Take the gateway that the client is to use."""
        self.gateway, self.simulator = gateway, simulator
        node = self.programs.parent.parent / "node"
        self.environ = {
            "PATH": os.pathsep.join([str(self.programs), str(node), os.environ["PATH"]]),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost",
            "CI": "1",
            "DO_NOT_TRACK": "1",
        }

    def connect(self, client: str, model: str = MODEL) -> None:
        """Do all that `ki2api connect` tells of a client, to the letter."""
        address = Address(self.gateway.url, model, KEY)
        for piece in CONNECTIONS[client].pieces:
            text = address.put_into(piece)
            if place := re.search(r"`~/([^`]+)`", piece.where):
                self.write(place[1], text)
            elif piece.language == "sh":
                for line in text.splitlines():
                    words = shlex.split(line)
                    if words[0] == "export":
                        name, _, value = words[1].partition("=")
                        self.environ[name] = value
                    else:
                        self.run(*words)

    def library(self) -> None:
        """Let programs in the project import the packages that are installed."""
        modules = self.project / "node_modules"
        if not modules.exists():
            modules.symlink_to(self.programs.parent)

    def write(self, path: str, text: str) -> Path:
        """Write a file into the client's home."""
        target = self.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def run(self, *command: str | Path, status: int = 0) -> str:
        """Run a client to its end in the project, and return what it printed."""
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == status, f"{done.stdout}\n{self.gateway.text}"
        return done.stdout

    def show(self, client: str, *kept: int) -> None:
        """Print what was seen; with KI2API_RECORD, keep these requests for `test_recorded_clients`.

        Without numbers the last one is kept, which holds the whole conversation.
        """
        sent = self.sent()
        tokens = sum(question.tokens for question in self.coder.asked)
        calls = [result.tool for question in self.coder.asked for result in question.results]
        loop = f"ran {', '.join(dict.fromkeys(calls)) or 'no tool'}"
        overflow = "; compacted" if self.coder.compacted else ""
        said = f"{client}: {len(sent)} requests, some {tokens} tokens; {loop}{overflow}"
        print(said)  # noqa: T201 - what .ci/run clients is to show
        if "KI2API_RECORD" in os.environ:
            folder = FIXTURES / client
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for number in kept or (len(sent) - 1,):
                text = msgspec.json.format(msgspec.json.encode(self._scrubbed(sent[number])))
                (folder / f"{number:02}.json").write_bytes(text + b"\n")

    def _scrubbed(self, request: dict[str, Any]) -> dict[str, Any]:
        headers = {name: value for name, value in request["headers"].items() if name not in DROPPED}
        whole = {name: self._told(value) for name, value in headers.items()}
        return {**self._clean(request), "headers": whole}

    def _clean(self, value: Any) -> Any:
        match value:
            case dict():
                return {name: self._clean(inner) for name, inner in value.items()}
            case list():
                return [self._clean(inner) for inner in value]
            case str():
                text = self._told(value)
                rest = len(text) - LONGEST
                return text if rest <= 0 else f"{text[:LONGEST]}[[cut: {rest} characters]]"
        return value

    def _told(self, text: str) -> str:
        for found, instead in (
            (re.escape(str(self.folder)), "/home/person"),
            (re.escape(self.folder.parent.name), "tmp"),
            (re.escape(platform.release()), "6.1.0"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:8989"),
            (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", NO_UUID),
            (r"\b[0-9a-f]{64}\b", "0" * 64),
        ):
            text = re.sub(found, instead, text)
        return text

    def sent(self) -> list[dict[str, Any]]:
        """Return every request that the gateway received, oldest first."""
        paths = sorted((self.folder / "sent").glob("*.json"))
        return [msgspec.json.decode(path.read_bytes()) for path in paths]


@pytest.fixture(scope="session")
def programs(npm: Callable[[Path], Path], node: Path) -> Path:
    """The folder of the clients' programs."""
    if "KI2API_CLIENTS" not in os.environ:
        pytest.skip("real clients are run by .ci/run clients")
    folder = npm(HERE / "package.json")
    modules = folder / "node_modules"
    if not (folder / "node").exists():
        # The only scripts of all packages that are needed: they put a program in its place.
        for package, script in (
            ("@anthropic-ai/claude-code", "install.cjs"),
            ("opencode-ai", "postinstall.mjs"),
        ):
            subprocess.run([node, script], cwd=modules / package, check=True, capture_output=True)
        (folder / "node").symlink_to(node.parent)
    return modules / ".bin"


@pytest.fixture(scope="session")
def python(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Makes an environment of what is listed, once, and returns the folder of its programs."""
    cache = request.config.cache
    assert cache is not None
    kept = cache.mkdir("pip")

    def python(name: str) -> Path:
        listed = HERE / name
        folder = kept / sha256(listed.read_bytes()).hexdigest()[:16]
        if not (folder / "whole").exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            pip = folder / "bin" / "pip"
            subprocess.run([pip, "install", "--quiet", "-r", listed], check=True)
            (folder / "whole").touch()
        return folder / "bin"

    return python


@pytest.fixture
def lab(tmp_path: Path, programs: Path) -> Lab:
    """A home and a project of this test's own."""
    return Lab(tmp_path, programs)


@pytest.fixture
def served(lab: Lab, start: Any) -> Iterator[Callable[..., Lab]]:
    """Starts a gateway for the lab on a simulator that makes these calls."""
    with ExitStack() as running:

        def served(*calls: Call, overflow: bool = False) -> Lab:
            lab.coder = Coder(*calls, overflow=overflow)
            simulator = Simulator(SimulatorOptions(), lab.coder)
            running.enter_context(simulator.threaded())
            simulator.add_account("only")
            shutil.copyfile(HERE / "record_requests.py", lab.folder / "record_requests.py")
            (lab.folder / "record_requests.py").chmod(0o644)
            lab.open(start(simulator, rest=_STAGE), simulator)
            return lab

        yield served
