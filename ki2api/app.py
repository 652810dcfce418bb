"""Builds the product out of its rooms: the one place that knows every one of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import loguru
from litestar import Litestar
from litestar.plugins import PluginProtocol
from msgspec import Struct, field

from ki2api.accounts.account import StandingChange
from ki2api.accounts.ledger import FileStore, MemoryStore, StateStore
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.searches import Searches
from ki2api.accounts.sources import AccountsUnreadable, Found
from ki2api.accounts.sources.checks import checked_proxy
from ki2api.accounts.strategies import Strategies
from ki2api.budget import RetryBudget
from ki2api.estimate.calibration import Calibration
from ki2api.fetching.fetcher import Fetcher
from ki2api.flow import GatewayFlow
from ki2api.keys import DEFAULT_KEY, SHORTEST, KeyRing, NamedKey, hashed, is_short, key_fault, label
from ki2api.kiro.compose import Limits as KiroLimits
from ki2api.models import Catalogue, Model
from ki2api.reload.questions import Questions
from ki2api.reload.ways import Ways, ways_of
from ki2api.settings import DEFAULT_CHAIN, Loaded, ServerSettings, Settings
from ki2api.shelf import Shelf
from ki2api.stages.account_select import AccountSelect
from ki2api.stages.auth import Auth
from ki2api.stages.emulate import Emulate
from ki2api.stages.encode_stream import EncodeStream
from ki2api.stages.fetch_images import FetchImages
from ki2api.stages.normalize import Normalize
from ki2api.stages.retry import Retry
from ki2api.stages.route import Route
from ki2api.stages.web_search import WebSearchStage
from ki2api.upstream.endpoint import KiroEndpoint
from ki2api.web.answers import EXCEPTION_HANDLERS
from ki2api.web.catalogue import model, models
from ki2api.web.gateway import Gateway, Limits
from ki2api.web.guard import guard
from ki2api.web.health import health, live, ready
from ki2api.web.inference import (
    chat_completions,
    compact,
    count_tokens,
    input_tokens,
    messages,
    responses,
)
from ki2api.web.operations import token_refresh, token_reset, token_status, token_usage
from ki2api.web.origin import Neighbourhood
from ki2api.web.places import MIB, Places, Room
from ki2api.web.response import OpenAnswers
from ki2api.web.responses import (
    cancel_response,
    delete_response,
    input_items,
    response,
)
from ki2api.web.schema import schema
from ki2api.web.welcome import telemetry, welcome
from pipeline import Secret, SettingsError
from pipeline.assemble import Assembly, assemble
from pipeline.catalog import Catalog
from pipeline.errors import did_you_mean
from pipeline.locate import Source

BUILT_IN: dict[str, type[Any]] = {
    stage.name: stage
    for stage in (
        Auth,
        EncodeStream,
        Normalize,
        FetchImages,
        Route,
        Emulate,
        WebSearchStage,
        Retry,
        AccountSelect,
    )
}
ROUTES = [
    welcome,
    health,
    live,
    ready,
    models,
    model,
    chat_completions,
    messages,
    count_tokens,
    input_tokens,
    responses,
    compact,
    response,
    delete_response,
    input_items,
    cancel_response,
    token_status,
    token_usage,
    token_refresh,
    token_reset,
    telemetry,
    schema,
]
SHORT_KEY = (
    f"a key has fewer than {SHORTEST} characters, so it may be guessed: `ki2api keys new` makes one"
)
DEFAULT_KEY_IN_FORCE = "the default key is in force: "
"""How the warning begins that tells who may use it."""


class Lasting(Struct):
    """What outlives a change of the settings; `fault` says why newer ones are not in force."""

    pool: AccountPool
    budget: RetryBudget = field(default_factory=RetryBudget)
    answers: OpenAnswers = field(default_factory=OpenAnswers)
    calibration: Calibration = field(default_factory=Calibration)
    shelf: Shelf = field(default_factory=Shelf)
    places: Places = field(default_factory=Places)
    fault: str = ""
    draining: bool = False


class Built(Struct, frozen=True):
    """One gateway, built and proved by one version of the settings, with nothing opened yet."""

    gateway: Gateway
    ways: Ways
    warnings: list[str]


def lasting(
    loaded: Loaded, found: Found, questions: Questions, store: StateStore | None = None
) -> Lasting:
    """Make what every gateway of this process shares; the state is kept where the settings say."""
    pool = AccountPool(
        found.credentials,
        questions,
        store or _store(loaded.settings),
        companion=questions,
        look=questions.look,
        write_back=questions.write_back,
        changed=_log_change,
        told=loguru.logger.warning,
    )
    return Lasting(pool)


def build(loaded: Loaded, shared: Lasting, ways: Ways) -> Built:
    """Build and prove a gateway; raises SettingsError or OrderError."""
    settings = loaded.settings
    _check_proxy(loaded)
    keys = key_ring(loaded)
    catalogue = Catalogue(
        shared.pool.offered, aliases={alias.name: alias.model for alias in settings.models}
    )
    endpoint = KiroEndpoint(ways.kiro, KiroLimits(), shared.calibration)
    services: dict[type, object] = {
        AccountPool: shared.pool,
        KeyRing: keys,
        Catalogue: catalogue,
        RetryBudget: shared.budget,
        Fetcher: Fetcher(),
        Strategies: Strategies(loaded.folder),
        Searches: Searches(shared.pool, ways.searcher),
    }
    assembly = _assembled(loaded, endpoint, services)
    gateway = Gateway(
        chain=assembly.chain,
        pool=shared.pool,
        keys=keys,
        models=catalogue,
        neighbourhood=Neighbourhood(settings.server.hosts, settings.server.origins),
        limits=Limits(
            max_body=settings.server.max_body_mib * MIB,
            hold_back=settings.server.hold_back_seconds,
            stage_seconds=settings.server.stage_seconds,
            max_calls=settings.upstream.max_calls,
            room=_room(settings.server),
        ),
        answers=shared.answers,
        calibration=shared.calibration,
        shelf=shared.shelf,
        places=shared.places,
        watched=settings.log.level == "debug",
        fault=lambda: shared.fault,
        draining=lambda: shared.draining,
    )
    exposed = keys.default_active and settings.upstream.kind == "kiro"
    default = [_who_may_ask(settings.server.host)] if exposed else []
    doubts = _doubtful_aliases(loaded, shared.pool.offered)
    short = [SHORT_KEY] if any(map(is_short, settings.server.api_keys)) else []
    warnings = [*loaded.warnings, *assembly.warnings, *doubts, *short, *default]
    return Built(gateway, ways, warnings)


def proved(loaded: Loaded, found: Found, store: StateStore | None = None) -> Built:
    """Build and prove a gateway that nobody will serve; raises SettingsError or OrderError."""
    ways = ways_of(loaded.settings.upstream, lambda: found)
    questions = Questions(lambda: nullcontext(ways))
    return build(loaded, lasting(loaded, found, questions, store), ways)


class _Bare(Litestar):
    """Litestar without its plugins for what may be installed beside us and is no use here.

    pydantic alone, which the SDKs bring, is a fifth of the time that a start takes.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return plugins


def create_app() -> Litestar:
    """Make the Litestar app; each request brings the gateway that serves it."""
    return _Bare(
        ROUTES,
        guards=[guard],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )


def _assembled(
    loaded: Loaded, endpoint: KiroEndpoint, services: dict[type, object]
) -> Assembly[GatewayFlow]:
    return assemble(
        list(loaded.settings.pipeline),
        catalog=Catalog(BUILT_IN),
        endpoint=endpoint,
        flow_type=GatewayFlow,
        services=services,
        defaults=DEFAULT_CHAIN,
        text=loaded.text,
        source=loaded.source,
        folder=loaded.folder,
    )


def _room(server: ServerSettings) -> Room:
    # One body of the largest size must find room beside all others.
    bodies = max(server.max_bodies_mib, 2 * server.max_body_mib)
    return Room(server.max_streams, server.queue, server.queue_seconds, bodies * MIB)


def key_ring(loaded: Loaded) -> KeyRing:
    """Make the key ring; raises SettingsError for a named key that is wrong or there twice.

    Also where a key of one's own is required and missing.
    """
    server, source = loaded.settings.server, Source(loaded.text, loaded.source)
    named = [NamedKey(key.name, key.hash.lower()) for key in loaded.settings.keys]
    plain = server.api_keys or (() if named else (Secret(DEFAULT_KEY),))
    if faults := list(_key_faults(plain, named)):
        raise SettingsError([source.fault(path, f"{path}: {what}") for path, what in faults])
    keys = KeyRing(plain, named)
    if keys.default_active and server.require_own_key:
        fault = "require-own-key is set, but the key is the default: set API_KEY or api-keys"
        raise SettingsError([source.fault("server.require-own-key", fault)])
    return keys


def _key_faults(plain: Sequence[Secret], named: Sequence[NamedKey]) -> Iterator[tuple[str, str]]:
    for index, key in enumerate(plain):
        if fault := key_fault(key):
            yield f"server.api-keys[{index}]", f"this key (or that of API_KEY) {fault}"
    names, hashes = {label(key) for key in plain}, {hashed(key) for key in plain}
    for index, each in enumerate(named):
        yield from ((f"keys[{index}].{field}", what) for field, what in each.faults.items())
        if each.name in names:
            yield f"keys[{index}].name", f'another key is called "{each.name}", too'
        if each.hash in hashes:
            yield f"keys[{index}].hash", "this key is there twice"
        names.add(each.name)
        hashes.add(each.hash)


def _doubtful_aliases(loaded: Loaded, offered: Callable[[], Sequence[Model]]) -> Iterator[str]:
    """Warn of aliases that lead to no model that is known, or that another one covers."""
    source = Source(loaded.text, loaded.source)
    lists = Catalogue(offered), Catalogue()
    last = {alias.name.lower(): alias for alias in loaded.settings.models}
    for number, alias in enumerate(loaded.settings.models):
        where = f"models[{number}]"
        if last[alias.name.lower()] is not alias:
            yield source.fault(where, f'the alias "{alias.name}" is declared again below')
        if not any(each.known(alias.model) for each in lists):
            hint = did_you_mean(alias.model, [each.id for each in lists[1].models()])
            said = f'the alias "{alias.name}" leads to "{alias.model}", a model that is not known'
            yield source.fault(f"{where}.model", f"{said}{hint}")


def _who_may_ask(host: str) -> str:
    reach = "" if _is_loopback(host) else " and its private networks"
    return (
        f"{DEFAULT_KEY_IN_FORCE}anybody on this machine{reach} can use your account; set API_KEY"
        " to a key of your own"
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # another name, which may lead anywhere
        return False


def _check_proxy(loaded: Loaded) -> None:
    try:
        checked_proxy(loaded.settings.upstream.proxy, "upstream.proxy")
    except AccountsUnreadable as error:
        fault = Source(loaded.text, loaded.source).fault("upstream.proxy", str(error))
        raise SettingsError([fault]) from None


def _store(settings: Settings) -> StateStore:
    path = settings.state.path
    return FileStore(Path(path).expanduser(), told=loguru.logger.error) if path else MemoryStore()


def _log_change(change: StandingChange) -> None:
    after = change.after
    level = "INFO" if after.state == "ready" else "WARNING"
    reason = f": {after.reason}" if after.reason else ""
    loguru.logger.log(level, "account {} is {}{}", change.name, after.state, reason)
