"""Whether the services can be reached from here, by name, connection and certificate."""

import ssl
import time
from collections.abc import AsyncIterator, Iterable
from email.utils import parsedate_to_datetime

import httpx

from ki2api.accounts.account import Credential
from ki2api.accounts.profile import api_region
from ki2api.cli.checkup.finding import Finding
from ki2api.settings import UpstreamSettings
from ki2api.transport import Clients, Direct
from pipeline import Secret

SECONDS = 10.0
_SKEW = 300.0
"""Seconds that clocks may differ before it is worth a word."""
Call = tuple[str, Secret | None]
"""An address, and the proxy it is reached by."""


async def look_at_network(
    upstream: UpstreamSettings, credentials: Iterable[Credential], clients: Clients
) -> AsyncIterator[Finding]:
    """Call each service once that one of the accounts needs."""
    skew = 0.0
    for url, proxy in dict.fromkeys(
        call for credential in credentials for call in _services(upstream, credential)
    ):
        by = f" by {_shown(proxy)}" if (proxy := proxy or upstream.proxy) else ""
        try:
            answer = await clients.of(proxy).get(url, timeout=SECONDS, follow_redirects=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            yield Finding("Network", "bad", f"{url}{by}: {_cause(error)}", _mend(error, proxy))
        else:
            yield Finding("Network", "good", f"{url}{by} answers")
            skew = _skew(answer) or skew
    if abs(skew) > _SKEW:
        text = f"this clock is {abs(skew) / 60:.0f} min {'slow' if skew > 0 else 'fast'}"
        yield Finding("Network", "note", f"{text}; that does no harm")


async def look_for_host(upstream: UpstreamSettings, direct: Direct) -> Finding:
    """Reach the host that any account would need, as far as its certificate; nothing is asked."""
    proxy = upstream.proxy
    region = Credential(name="", kind="social").region
    url = httpx.URL(proxy.reveal() if proxy else upstream.api_url.replace("{region}", region))
    name = _shown(proxy) if proxy else str(url)
    try:
        await direct.reach(url, SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding("Network", "bad", f"{name}: {_cause(error)}", _mend(error, proxy))
    return Finding("Network", "good", f"{name} can be reached; nothing was asked of it")


def _services(upstream: UpstreamSettings, credential: Credential) -> list[Call]:
    near = api_region(credential.profile_arn, credential.api_region or credential.region)
    calls = [(upstream.api_url, near), (upstream.management_url, near)]
    if credential.kind == "social":
        calls.append((upstream.auth_url, credential.region))
    if credential.kind == "oidc":
        calls.append((upstream.oidc_url, credential.region))
    return [(url.replace("{region}", region), credential.proxy) for url, region in calls]


def _skew(answer: httpx.Response) -> float:
    """Return by how many seconds the service's clock is ahead of ours."""
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()
    except (KeyError, ValueError):
        return 0.0


def _shown(proxy: Secret) -> str:
    """Return a proxy without its user and password."""
    url = httpx.URL(proxy.reveal())
    return f"the proxy {url.host}:{url.port or ''}".rstrip(":")


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _mend(error: Exception, proxy: Secret | None) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "its certificate is not trusted here: is something between that reads along?"
        cause = cause.__cause__ or cause.__context__
    if proxy:
        return "is the proxy running, and does it let this host through?"
    return "is this machine online, and does it need [upstream] proxy?"
