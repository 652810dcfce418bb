"""Builds the product out of its rooms: the one place that knows every one of them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import loguru
from litestar import Litestar

import ki2api
from ki2api.accounts.account import StandingChange
from ki2api.accounts.ledger import FileStore, MemoryStore, StateStore
from ki2api.accounts.pool import AccountPool
from ki2api.accounts.refresh import Refresher
from ki2api.accounts.sources import Found
from ki2api.flow import GatewayFlow
from ki2api.keys import DEFAULT_KEY, KeyRing
from ki2api.kiro.compose import Limits as KiroLimits
from ki2api.models import Catalogue
from ki2api.settings import DEFAULT_CHAIN, Loaded, Settings, UpstreamSettings
from ki2api.stages.account_select import AccountSelect
from ki2api.stages.auth import Auth
from ki2api.stages.encode_stream import EncodeStream
from ki2api.stages.normalize import Normalize
from ki2api.stages.retry import Retry
from ki2api.stages.route import Route
from ki2api.upstream.client import IDE_AGENT, KiroClient, UpstreamOptions
from ki2api.upstream.endpoint import KiroEndpoint
from ki2api.web.answers import EXCEPTION_HANDLERS
from ki2api.web.catalogue import model, models
from ki2api.web.gateway import Gateway, Limits
from ki2api.web.guard import guard
from ki2api.web.inference import chat_completions, count_tokens, messages
from ki2api.web.operations import health, token_reset, token_status
from ki2api.web.origin import Neighbourhood
from ki2api.web.schema import schema
from pipeline import Secret, SettingsError
from pipeline.assemble import Assembly, assemble
from pipeline.catalog import Catalog
from pipeline.locate import Source

BUILT_IN: dict[str, type[Any]] = {
    stage.name: stage for stage in (Auth, EncodeStream, Normalize, Route, Retry, AccountSelect)
}
ROUTES = [
    health,
    models,
    model,
    chat_completions,
    messages,
    count_tokens,
    token_status,
    token_reset,
    schema,
]
SIGN_IN_AGENT = "KiroIDE-0.12.155 ki2api/{version}"
"""The form that the social sign-in service expects (docs/kiro.md §1.2), and our own name."""
KEEP_ALIVE_SECONDS = 20.0
"""How long an idle connection to Kiro is kept; shorter than common servers do, so that they are not
the ones to close it just when it is used again."""


@asynccontextmanager
async def opened(loaded: Loaded, found: Found) -> AsyncIterator[Gateway]:
    """Open everything that serving needs, and close it again in reverse."""
    async with AsyncExitStack() as held:
        http = await held.enter_async_context(http_client(loaded.settings.upstream))
        gateway, warnings = built(loaded, found, http)
        await gateway.pool.start()
        held.push_async_callback(gateway.pool.stop)
        for warning in (*warnings, *gateway.pool.warnings):
            loguru.logger.warning(warning)
        await gateway.chain.start()
        held.push_async_callback(gateway.chain.stop)
        yield gateway


def built(loaded: Loaded, found: Found, http: httpx.AsyncClient) -> tuple[Gateway, list[str]]:
    """Build and prove everything without opening anything; return warnings beside it."""
    settings = loaded.settings
    pool = _pool(settings, found, http)
    keys = key_ring(loaded)
    catalogue = Catalogue(aliases={alias.name: alias.model for alias in settings.models})
    endpoint = KiroEndpoint(KiroClient(http, _options(settings.upstream)), KiroLimits())
    assembly = _assembled(
        loaded, endpoint, {AccountPool: pool, KeyRing: keys, Catalogue: catalogue}
    )
    gateway = Gateway(
        chain=assembly.chain,
        pool=pool,
        keys=keys,
        models=catalogue,
        neighbourhood=Neighbourhood(settings.server.hosts, settings.server.origins),
        limits=Limits(
            max_body=settings.server.max_body_mib * 1024 * 1024,
            hold_back=settings.server.hold_back_seconds,
        ),
    )
    return gateway, assembly.warnings


def create_app(gateway: Gateway) -> Litestar:
    """Make the Litestar app that serves this gateway."""
    app = Litestar(
        ROUTES,
        guards=[guard],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )
    app.state.gateway = gateway
    return app


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


def key_ring(loaded: Loaded) -> KeyRing:
    """Make the key ring; raises SettingsError where a key of one's own is required and missing."""
    settings = loaded.settings
    keys = KeyRing(settings.server.api_keys or (Secret(DEFAULT_KEY),))
    if keys.default_active and settings.server.require_own_key:
        fault = "require-own-key is set, but the key is the default: set API_KEY or api-keys"
        source = Source(loaded.text, loaded.source)
        raise SettingsError([source.fault("server.require-own-key", fault)])
    return keys


def http_client(upstream: UpstreamSettings) -> httpx.AsyncClient:
    """Make the one client that all calls to Kiro share."""
    # Waiting for a first event or between two is timed where it is understood, in the endpoint.
    return httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=upstream.connect_seconds, pool=1.0, write=60.0),
        limits=httpx.Limits(
            max_connections=None,
            max_keepalive_connections=100,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        ),
        headers={"user-agent": SIGN_IN_AGENT.replace("{version}", ki2api.__version__)},
        trust_env=False,
        proxy=upstream.proxy.reveal() if upstream.proxy else None,
    )


def _options(upstream: UpstreamSettings) -> UpstreamOptions:
    return UpstreamOptions(
        api_url=upstream.api_url,
        user_agent=upstream.user_agent or IDE_AGENT,
        first_event_seconds=upstream.first_event_seconds,
        idle_seconds=upstream.idle_seconds,
    )


def _pool(settings: Settings, found: Found, http: httpx.AsyncClient) -> AccountPool:
    refresher = Refresher(
        http, auth_url=settings.upstream.auth_url, oidc_url=settings.upstream.oidc_url
    )
    return AccountPool(found.credentials, refresher, _store(settings), changed=_log_change)


def _store(settings: Settings) -> StateStore:
    path = settings.state.path
    return FileStore(Path(path).expanduser(), told=loguru.logger.error) if path else MemoryStore()


def _log_change(change: StandingChange) -> None:
    after = change.after
    level = "INFO" if after.state == "ready" else "WARNING"
    reason = f": {after.reason}" if after.reason else ""
    loguru.logger.log(level, "account {} is {}{}", change.name, after.state, reason)
