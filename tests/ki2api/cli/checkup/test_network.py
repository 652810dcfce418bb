"""Whether the services can be reached, on a network that is made up."""

import asyncio
import ssl
from collections.abc import Callable
from email.utils import formatdate
from time import time
from typing import Any

import httpx
import pytest

from ki2api.accounts.account import Credential
from ki2api.cli.checkup.finding import Finding
from ki2api.cli.checkup.network import look_at_network, look_for_host
from ki2api.settings import UpstreamSettings
from ki2api.transport import Clients, Direct
from ki2api.transport.direct import trusted
from pipeline import Secret
from tests.ki2api.transport.peers import CERTIFICATE, served

pytestmark = pytest.mark.anyio

SOCIAL = Credential(name="a", kind="social")
PROXY = Secret("http://user:password@proxy.example:3128")


class Network(httpx.AsyncBaseTransport):
    """Answers every call alike, and notes it."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.answer = answer
        self.called: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.called.append(str(request.url))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def found(
    network: Network, *credentials: Credential, upstream: UpstreamSettings | None = None
) -> list[Finding]:
    clients = Clients(lambda _: network, None)
    looked = look_at_network(upstream or UpstreamSettings(), credentials or (SOCIAL,), clients)
    findings = [finding async for finding in looked]
    await clients.aclose()
    return findings


def answer(seconds: float = 0.0) -> httpx.Response:
    return httpx.Response(403, headers={"date": formatdate(time() + seconds, usegmt=True)})


async def test_each_service_that_an_account_needs_is_called_once() -> None:
    network = Network(answer())
    oidc = Credential(name="b", kind="oidc", region="eu-west-1")
    findings = await found(network, SOCIAL, oidc, Credential(name="c", kind="api-key"))
    assert network.called == [
        "https://runtime.us-east-1.kiro.dev",
        "https://management.us-east-1.kiro.dev",
        "https://prod.us-east-1.auth.desktop.kiro.dev",
        "https://runtime.eu-central-1.kiro.dev",
        "https://management.eu-central-1.kiro.dev",
        "https://oidc.eu-west-1.amazonaws.com",
    ]
    assert {finding.state for finding in findings} == {"good"}
    assert findings[0].text == "https://runtime.us-east-1.kiro.dev answers"


@pytest.mark.parametrize(("seconds", "said"), [(900, "15 min slow"), (-3600, "60 min fast")])
async def test_a_clock_that_is_wrong_is_worth_a_word(seconds: float, said: str) -> None:
    *_, last = await found(Network(answer(seconds)))
    assert last.state == "note"
    assert last.text == f"this clock is {said}; that does no harm"


@pytest.mark.parametrize(
    "say",
    [
        lambda: answer(100),  # made when the test runs: its date is counted from then
        lambda: httpx.Response(200),
        lambda: httpx.Response(200, headers={"date": "noon"}),
    ],
)
async def test_a_clock_that_is_right_or_unknown_is_not(say: Callable[[], httpx.Response]) -> None:
    assert {finding.state for finding in await found(Network(say()))} == {"good"}


async def test_without_an_account_a_host_is_reached_and_asked_nothing() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())

    trust = trusted()
    trust.load_verify_locations(CERTIFICATE)
    async with served(serve, tls=True) as peer:
        url = peer.url("/{region}")
        finding = await look_for_host(UpstreamSettings(api_url=url), Direct(lambda: trust))
        while not heard:
            await asyncio.sleep(0)
        stranger = await look_for_host(UpstreamSettings(api_url=url), Direct())
    said = f"{peer.url('/us-east-1')} can be reached; nothing was asked of it"
    assert finding == Finding("Network", "good", said)
    assert heard == [b""]
    assert stranger.state == "bad"
    assert "certificate is not trusted" in stranger.mend


async def test_of_a_proxy_only_the_proxy_is_reached() -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with served(serve) as peer:
        proxy = Secret(f"http://user:password@localhost:{peer.port}")
        finding = await look_for_host(UpstreamSettings(proxy=proxy), Direct())
    said = f"the proxy localhost:{peer.port} can be reached; nothing was asked of it"
    assert finding == Finding("Network", "good", said)
    finding = await look_for_host(UpstreamSettings(proxy=proxy), Direct())
    assert finding.state == "bad"
    assert finding.mend == "is the proxy running, and does it let this host through?"


async def test_a_proxy_is_named_without_its_password() -> None:
    upstream = UpstreamSettings(proxy=PROXY)
    (finding, *_) = await found(Network(answer()), upstream=upstream)
    assert finding.text.endswith(" by the proxy proxy.example:3128 answers")
    own = Credential(name="a", kind="api-key", proxy=Secret("http://other.example"))
    (finding, *_) = await found(Network(httpx.ProxyError("no")), own, upstream=upstream)
    assert finding.text.endswith(" by the proxy other.example: ProxyError: no")
    assert finding.mend == "is the proxy running, and does it let this host through?"


async def test_a_certificate_that_is_not_trusted_has_its_own_mend() -> None:
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLCertVerificationError()
    (finding, *_) = await found(Network(error))
    assert finding.state == "bad"
    assert "certificate is not trusted" in finding.mend


async def test_a_service_that_says_nothing_is_told_by_the_kind_of_fault() -> None:
    findings: Any = await found(Network(httpx.ConnectTimeout("")))
    assert findings[0].text == "https://runtime.us-east-1.kiro.dev: ConnectTimeout"
    assert "is this machine online" in findings[0].mend
