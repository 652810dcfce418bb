"""Every setting of the product, one struct a table; the defaults stand here and nowhere else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ki2api.accounts.account import AccountConfig
from pipeline import Secret, SettingsError
from pipeline.settings import decode

Seconds = Annotated[float, Meta(ge=0)]
DEFAULT_CHAIN = ("auth", "encode-stream", "normalize", "route", "retry", "account-select")
"""From the client inwards; innermost, below the last one, is Kiro."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """One table of config.toml."""


class ServerSettings(Table, frozen=True, kw_only=True):
    """`[server]`: the door."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8989
    api_keys: tuple[Secret, ...] = ()
    """Empty: the default key, for loopback and private peers. $API_KEY wins over these."""
    require_own_key: bool = False
    max_body_mib: Annotated[int, Meta(ge=1)] = 32
    hold_back_seconds: Seconds = 10.0
    drain_seconds: Seconds = 30.0
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class LogSettings(Table, frozen=True, kw_only=True):
    """`[log]`."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class UpstreamSettings(Table, frozen=True, kw_only=True):
    """`[upstream]`: where Kiro is and how long it may take. URLs are templates with {region}."""

    kind: Literal["kiro", "simulator"] = "kiro"
    connect_seconds: Seconds = 5.0
    first_event_seconds: Seconds = 300.0
    idle_seconds: Seconds = 120.0
    api_url: str = "https://runtime.{region}.kiro.dev"
    auth_url: str = "https://prod.{region}.auth.desktop.kiro.dev"
    oidc_url: str = "https://oidc.{region}.amazonaws.com"
    user_agent: str | None = None
    proxy: Secret | None = None
    """May hold a password, so it is kept like one."""


class StateSettings(Table, frozen=True, kw_only=True):
    """`[state]`: what must outlive a restart."""

    path: str = "~/.local/state/ki2api/state.json"
    """Empty: in memory only."""


class ModelSettings(Table, frozen=True, kw_only=True):
    """`[[models]]`: an alias of one's own."""

    name: str
    model: str


class Settings(Table, frozen=True, kw_only=True):
    """All of config.toml."""

    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    state: StateSettings = StateSettings()
    accounts: tuple[AccountConfig, ...] = ()
    models: tuple[ModelSettings, ...] = ()
    pipeline: tuple[dict[str, Any], ...] = ()


class Loaded(msgspec.Struct, frozen=True):
    """Settings with the text they came from, which later faults need for their lines."""

    settings: Settings
    text: str = ""
    source: str = "defaults"
    folder: Path = Path()


def find_file(environ: Mapping[str, str], given: Path | None) -> Path | None:
    """Return the settings file to use, or None where there is none; the first place wins."""
    if given is not None:
        return given
    if named := environ.get("KI2API_CONFIG"):
        return Path(named)
    config_home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    for path in (Path("config.toml"), config_home / "ki2api" / "config.toml"):
        if path.is_file():
            return path
    return None


def load(environ: Mapping[str, str], given: Path | None = None) -> Loaded:
    """Read the settings; raises SettingsError with all faults, each with file and line."""
    path = find_file(environ, given)
    if path is None:
        return Loaded(overridden(Settings(), environ))
    text = path.read_text(encoding="utf-8")
    settings = decode(text, Settings, source=str(path))
    return Loaded(overridden(settings, environ), text, str(path), path.parent)


def overridden(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Let environment variables win over the file, each for its one value."""
    server, state = settings.server, settings.state
    if key := environ.get("API_KEY"):
        server = msgspec.structs.replace(server, api_keys=(Secret(key),))
    if host := environ.get("KI2API_HOST"):
        server = msgspec.structs.replace(server, host=host)
    if port := environ.get("KI2API_PORT"):
        server = msgspec.structs.replace(server, port=_port(port))
    if (path := environ.get("KI2API_STATE")) is not None:
        state = msgspec.structs.replace(state, path=path)
    return msgspec.structs.replace(settings, server=server, state=state)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:  # noqa: PLR2004 - the highest port there is
        raise SettingsError([f"KI2API_PORT: expected a port number, got {text!r}"])
    return int(text)
