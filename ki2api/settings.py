"""Every setting of the product, one struct a table; the defaults stand here and nowhere else."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from io import BytesIO, TextIOWrapper
from pathlib import Path
from re import fullmatch
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ki2api.accounts.account import AccountConfig
from ki2api.trusted import doubt
from ki2api.upstream.addresses import address_fault
from pipeline import Secret, SettingsError
from pipeline.files import MIB, opened, read_all
from pipeline.locate import Source, line_of
from pipeline.settings import decode

Seconds = Annotated[float, Meta(ge=0)]
DEFAULT_CHAIN = (
    "auth",
    "encode-stream",
    "normalize",
    "route",
    "emulate",
    "web-search",
    "retry",
    "account-select",
)
"""From the client inwards; innermost, below the last one, is Kiro."""


VARIABLES = {
    ("server", "api-keys"): "API_KEY",
    ("server", "host"): "KI2API_HOST",
    ("server", "port"): "KI2API_PORT",
    ("state", "path"): "KI2API_STATE",
}
"""The environment variables that win over a setting of the file."""
PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
"""What other programs go out by; here [upstream] says it, so that no call takes another way."""
IN_THIS_FOLDER = Path("config.toml")
LARGEST_FILE = 4 * MIB
"""Bytes of config.toml; a larger file is another one."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """One table of config.toml."""


class ServerSettings(Table, frozen=True, kw_only=True):
    """`[server]`: the door."""

    host: str = "127.0.0.1"
    """Address to listen on; $KI2API_HOST wins over it."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8989
    """Port to listen on, 0 for any; $KI2API_PORT wins over it."""
    api_keys: tuple[Secret, ...] = ()
    """Without any, the default key, for loopback and private peers. $API_KEY wins, unless empty."""
    require_own_key: bool = False
    """Refuse to start with the default key."""
    max_body_mib: Annotated[int, Meta(ge=1)] = 32
    """The largest body of a request, in MiB."""
    max_bodies_mib: Annotated[int, Meta(ge=1)] = 256
    """The bodies of all requests together, as they come in; at least twice the largest one."""
    max_streams: Annotated[int, Meta(ge=1)] = 2000
    """How many requests are served at once."""
    queue: Annotated[int, Meta(ge=0)] = 64
    """How many more may wait until one of those has ended."""
    queue_seconds: Seconds = 5.0
    """How long they wait before they are told to come again."""
    hold_back_seconds: Seconds = 10.0
    """A stream with no first event by then starts with pings."""
    drain_seconds: Seconds = 30.0
    """How long open streams may finish when the server stops."""
    send_stall_seconds: Annotated[float, Meta(gt=0)] = 60.0
    """A client that reads nothing of its answer for so long is cut off."""
    stage_seconds: Seconds = 300.0
    """A request that a stage of your own does not let go on for so long is ended; 0: never."""
    origins: tuple[str, ...] = ()
    """Web origins allowed beside our own, such as https://chat.example."""
    hosts: tuple[str, ...] = ()
    """Host names allowed beside our own while the default key is in force."""


class LogSettings(Table, frozen=True, kw_only=True):
    """`[log]`."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least grave lines that are written."""
    format: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line."""


class UpstreamSettings(Table, frozen=True, kw_only=True):
    """`[upstream]`: where Kiro is and how long it may take. URLs are templates with {region}."""

    kind: Literal["kiro", "simulator"] = "kiro"
    """The real Kiro, or the embedded simulator, which needs no account."""
    transport: Literal["direct", "httpx"] = "direct"
    """How connections are made: by our own HTTP/1.1, or by httpx's, as always by a proxy."""
    connect_seconds: Seconds = 5.0
    """How long a connection may take to be made."""
    first_event_seconds: Seconds = 300.0
    """How long Kiro may think before it counts as down."""
    idle_seconds: Seconds = 120.0
    """How long a stream may fall silent in its middle."""
    max_calls: Annotated[int, Meta(ge=1)] = 30
    """How often Kiro is called for one request at most, with all repeats, repairs and searches."""
    api_url: str = "https://runtime.{region}.kiro.dev"
    """Where conversations are answered."""
    management_url: str = "https://management.{region}.kiro.dev"
    """Where models, profiles and usage are told."""
    fallback_url: str = "https://q.{region}.amazonaws.com"
    """The older host of both, for accounts that the newer ones do not serve; empty for none."""
    binding: Literal["rest", "json-1.0"] = "rest"
    """How the operation is called; Kiro takes both."""
    auth_url: str = "https://prod.{region}.auth.desktop.kiro.dev"
    """Where social logins get new tokens."""
    oidc_url: str = "https://oidc.{region}.amazonaws.com"
    """Where Builder ID and Identity Center logins get new tokens."""
    login_url: str = "https://app.kiro.dev"
    """The page on which `ki2api login` lets a person log in."""
    user_agent: str | None = None
    """What we say we are; {os}, {machine} and {version} are filled in."""
    proxy: Secret | None = None
    """May hold a password, so it is kept like one."""

    @property
    def title(self) -> str:
        """What stands at the end of the chain, as people call it."""
        return "the simulator" if self.kind == "simulator" else "Kiro"


class StateSettings(Table, frozen=True, kw_only=True):
    """`[state]`: what must outlive a restart."""

    path: str = "~/.local/state/ki2api/state.json"
    """File of rotated tokens and standings; empty keeps them in memory. $KI2API_STATE wins."""


class KeySettings(Table, frozen=True, kw_only=True):
    """`[[keys]]`: a key that opens the door beside `api-keys`; the file does not hold it itself."""

    name: str
    """Whose it is; the log calls it so."""
    hash: str
    """What `ki2api keys new --name NAME` writes."""


class ModelSettings(Table, frozen=True, kw_only=True):
    """`[[models]]`: an alias of one's own."""

    name: str
    """What clients ask for."""
    model: str
    """The model that serves it."""


class Settings(Table, frozen=True, kw_only=True):
    """All of config.toml."""

    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    state: StateSettings = StateSettings()
    keys: tuple[KeySettings, ...] = ()
    accounts: tuple[AccountConfig, ...] = ()
    models: tuple[ModelSettings, ...] = ()
    pipeline: tuple[dict[str, Any], ...] = ()


class Loaded(msgspec.Struct, frozen=True):
    """Settings with the text they came from, which later faults need for their lines.

    `warnings` are of what in the environment cannot be meant so; `notes` say what is left alone.
    """

    settings: Settings
    text: str = ""
    source: str = "defaults"
    folder: Path = Path()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_file(environ: Mapping[str, str], given: Path | None) -> Path | None:
    """Return the settings file to use, or None where there is none; the first place wins."""
    places = file_places(environ, given)
    if len(places) == 1:
        return places[0]
    return next((path for path in places if path.is_file()), None)


def file_places(environ: Mapping[str, str], given: Path | None) -> tuple[Path, ...]:
    """Return where the settings file may be: the one that was named, or the usual places."""
    if given is not None:
        return (given,)
    if named := environ.get("KI2API_CONFIG"):
        return (Path(named),)
    config_home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return IN_THIS_FOLDER, config_home / "ki2api" / "config.toml"


def load(environ: Mapping[str, str], given: Path | None = None) -> Loaded:
    """Read the settings; raises SettingsError with all faults, each with file and line."""
    path = find_file(environ, given)
    loaded = _read(path, found=len(file_places(environ, given)) > 1 and path == IN_THIS_FOLDER)
    _check_addresses(loaded)
    return msgspec.structs.replace(
        loaded,
        settings=overridden(loaded.settings, environ),
        warnings=(*loaded.warnings, *_warnings(environ)),
        notes=tuple(_notes(loaded.settings.upstream, environ)),
    )


def _read(path: Path | None, *, found: bool) -> Loaded:
    if path is None:
        return Loaded(Settings())
    try:
        with opened(path) as file:
            status = os.fstat(file.fileno())
            text = TextIOWrapper(BytesIO(read_all(file, LARGEST_FILE)), "utf-8-sig").read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise SettingsError([f"{path}: the settings file cannot be read: {reason}"]) from None
    settings, source = decode(text, Settings, source=str(path)), Source(text, str(path))
    doubts = doubt(path, status, settings.pipeline, source, found=found)
    if doubts.refused:
        raise SettingsError(list(doubts.refused))
    return Loaded(settings, text, str(path), path.parent, doubts.warned)


def _check_addresses(loaded: Loaded) -> None:
    upstream, source = loaded.settings.upstream, Source(loaded.text, loaded.source)
    faults: list[tuple[int, str]] = []
    for field in msgspec.structs.fields(UpstreamSettings):
        url = getattr(upstream, field.name)
        if field.name.endswith("_url") and (url or field.name != "fallback_url"):
            path = f"upstream.{field.encode_name}"
            if fault := address_fault(url, example=field.default):
                told = source.fault(path, f"{path}: {fault}")
                faults.append((line_of(path, loaded.text), told))
    if faults:
        raise SettingsError([told for _, told in sorted(faults)])


def _warnings(environ: Mapping[str, str]) -> Iterator[str]:
    if environ.get("API_KEY") and not environ["API_KEY"].strip():
        yield "API_KEY holds nothing but blanks, so it counts as not set"


def _notes(upstream: UpstreamSettings, environ: Mapping[str, str]) -> Iterator[str]:
    named = [name for name in PROXY_VARIABLES if environ.get(name)]
    if named and not upstream.proxy and upstream.kind == "kiro":
        yield (
            f"{named[0]} is not used: set `proxy` in [upstream] of config.toml, where "
            f'"env:{named[0]}" means this variable'
        )


def overridden(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Let environment variables win over the file, each for its one value."""
    server, state = settings.server, settings.state
    if key := environ.get("API_KEY", "").strip():
        server = msgspec.structs.replace(server, api_keys=(Secret(key),))
    if host := environ.get("KI2API_HOST"):
        server = msgspec.structs.replace(server, host=host)
    if port := environ.get("KI2API_PORT"):
        server = msgspec.structs.replace(server, port=_port(port))
    if (path := environ.get("KI2API_STATE")) is not None:
        state = msgspec.structs.replace(state, path=path)
    return msgspec.structs.replace(settings, server=server, state=state)


def origin(loaded: Loaded, table: str, key: str, environ: Mapping[str, str]) -> str:
    """Say where the value of a setting comes from: a variable, a line of the file, or nowhere."""
    variable = VARIABLES.get((table, key))
    given = environ.get(variable or "")
    if given is not None and (given.strip() or variable == "KI2API_STATE"):
        return f"${variable}"
    if loaded.text and key in tomllib.loads(loaded.text).get(table, {}):
        return f"{loaded.source}:{line_of(f'{table}.{key}', loaded.text)}"
    return "default"


def _port(text: str) -> int:
    if not fullmatch("[0-9]{1,5}", text) or int(text) > 65535:  # noqa: PLR2004 - the highest port there is
        raise SettingsError([f"KI2API_PORT: expected a port number, got {text[:20]!r}"])
    return int(text)
