"""What is measured: the gateway, and beside it a byte relay, the ceiling of Python, and nothing."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import httpx
from msgspec import Struct, field
from msgspec.structs import replace

import ki2api
from tests.bench.asked import MODEL, PATHS
from tests.bench.loads import Dialect
from tests.bench.machine import ROOT, Process

KEY = "ki2api-key-2024"
ALL: tuple[Dialect, ...] = ("openai", "anthropic", "responses")
FORWARDED: tuple[Dialect, ...] = ("openai", "anthropic")
"""The dialects that the stub speaks itself."""


class Place(Struct, frozen=True):
    """Where a target is to run: before which stub, in which folder, on which core."""

    upstream: str
    folder: Path
    core: int | None
    authority: Path | None = None
    """The certificate to trust, where the stub speaks TLS."""
    stub: Process | None = None

    def within(self, name: str) -> "Place":
        """Return a folder of its own."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return replace(self, folder=folder)


class Running(Struct):
    """A target that runs, and how it is asked."""

    process: Process | None
    port: int
    headers: Mapping[str, str] = {}
    paths: Mapping[Dialect, str] = field(default_factory=lambda: dict(PATHS))
    model: str = MODEL

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()


class Target(Protocol):
    """Something that can be asked in dialects of clients."""

    name: str
    dialects: tuple[Dialect, ...]

    def version(self) -> str:
        """Tell what exactly is measured."""

    def start(self, place: Place) -> Running:
        """Start it; it may not listen yet."""


class Direct:
    """The stub without anything before it: what all latencies hold."""

    name = "direct"
    dialects = FORWARDED

    def version(self) -> str:
        return "the stub itself"

    def start(self, place: Place) -> Running:
        return Running(None, httpx.URL(place.upstream).port or 0)


class Nginx:
    """The byte relay that all ratios are to."""

    name = "relay"
    dialects = FORWARDED

    def version(self) -> str:
        said = subprocess.run([_nginx(), "-v"], capture_output=True, text=True, check=True)
        return said.stderr.strip().removeprefix("nginx version: ")

    def start(self, place: Place) -> Running:
        port = free_port()
        stub = httpx.URL(place.upstream)
        trust = (
            f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {place.authority};"
            " proxy_ssl_session_reuse on; proxy_ssl_name localhost;"
            if place.authority
            else ""
        )
        (place.folder / "nginx.conf").write_text(
            f"""
worker_processes 1;
worker_rlimit_nofile 16384;
daemon off;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_buffer_size 2m;
  client_max_body_size 32m;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000;
  upstream stub {{
    server 127.0.0.1:{stub.port};
    keepalive 2000;
    keepalive_requests 1000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass {stub.scheme}://stub;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
      {trust}
    }}
  }}
}}
"""
        )
        command = [_nginx(), "-p", f"{place.folder}/", "-c", "nginx.conf"]
        log = place.folder / "out.log"
        return Running(Process(command, core=place.core, folder=place.folder, log=log), port)


class Relay:
    """The byte relay where there is no nginx: as little Python as one can be made of."""

    name = "relay"
    dialects = FORWARDED

    def version(self) -> str:
        return "two asyncio.Protocols on uvloop (there is no nginx here)"

    def start(self, place: Place) -> Running:
        return _module("tests.bench.relay", place)


class Ceiling:
    """The same translation without any framework: what Python can reach."""

    name = "ceiling"
    dialects = FORWARDED

    def version(self) -> str:
        return "two asyncio.Protocols on uvloop with Ki2API's own decoders and encoders"

    def start(self, place: Place) -> Running:
        return _module("tests.bench.ceiling", place)


class Gateway:
    """`ki2api serve` with two accounts, all stages, and its log in a file."""

    name = "ki2api"
    dialects = ALL

    def __init__(self, launcher: tuple[str, ...] = ("-m", "ki2api")) -> None:
        """`launcher` is what Python runs, for a process that looks at itself."""
        self._launcher = launcher

    def version(self) -> str:
        return ki2api.__version__

    def start(self, place: Place) -> Running:
        port = free_port()
        (place.folder / "config.toml").write_text(config(place.upstream, port))
        paths = [str(ROOT), *([str(_trusting(place))] if place.authority else [])]
        environ = {"HOME": str(place.folder), "PYTHONPATH": os.pathsep.join(reversed(paths))}
        command = [sys.executable, *self._launcher, "serve", "--config", "config.toml"]
        log = place.folder / "out.log"
        process = Process(command, core=place.core, folder=place.folder, environ=environ, log=log)
        return Running(process, port, {"authorization": f"Bearer {KEY}"})


def config(upstream: str, port: int) -> str:
    """Write settings of the gateway that lead to the stub."""
    names = ("api-url", "management-url", "fallback-url", "auth-url", "oidc-url")
    accounts = "".join(
        f'[[accounts]]\nname = "{name}"\nrefresh-token = "aor-bench-{name}"\n'
        for name in ("first", "second")
    )
    urls = "".join(f'{name} = "{upstream}"\n' for name in names)
    return (
        f'[server]\nport = {port}\n[upstream]\n{urls}[state]\npath = "state/state.json"\n{accounts}'
    )


def _trusting(place: Place) -> Path:
    """Make a stand-in for the package of root certificates that knows the stub's alone."""
    package = place.folder / "trust" / "certifi"
    package.mkdir(parents=True, exist_ok=True)
    where = f'def where() -> str:\n    return "{place.authority}"\n'
    (package / "__init__.py").write_text(where)
    return package.parent


def _module(name: str, place: Place) -> Running:
    """Run a server of ours, which takes the port and the stub's URL."""
    port = free_port()
    environ = {"SSL_CERT_FILE": str(place.authority)} if place.authority else {}
    command = [sys.executable, "-m", name, str(port), place.upstream]
    log = place.folder / "out.log"
    return Running(Process(command, core=place.core, environ=environ, log=log), port)


def free_port() -> int:
    """Find a port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _nginx() -> str:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin") or ""


def byte_relay() -> Target:
    """Return the best byte relay that there is here."""
    return Nginx() if _nginx() else Relay()
