"""One client for each way out."""

import ssl

import httpx
import pytest

from ki2api.transport import Clients, proxy_fault
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio


def refusing(proxy: str | None) -> httpx.MockTransport:
    def handle(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"no way by {proxy}")

    return httpx.MockTransport(handle)


async def test_accounts_with_the_same_way_out_share_a_client() -> None:
    clients = Clients(refusing, None)
    own = Secret("http://proxy.test:3128")
    assert clients.of() is clients.of(None)
    assert clients.of(own) is clients.of(Secret("http://proxy.test:3128"))
    assert clients.of(own) is not clients.of()
    await clients.aclose()


async def test_the_common_proxy_is_for_accounts_without_their_own() -> None:
    made: list[str | None] = []

    def make(proxy: str | None) -> httpx.MockTransport:
        made.append(proxy)
        return refusing(proxy)

    clients = Clients(make, "http://common.test")
    clients.of()
    clients.of(Secret("http://own.test"))
    assert made == ["http://common.test", "http://own.test"]
    await clients.aclose()


async def test_a_proxy_that_fails_is_not_gone_around() -> None:
    clients = Clients(refusing, None)
    with pytest.raises(httpx.ConnectError, match=r"no way by http://proxy\.test"):
        await clients.of(Secret("http://proxy.test")).get("http://kiro.test")
    await clients.aclose()


async def test_closing_closes_every_client() -> None:
    clients = Clients(refusing, None)
    opened = [clients.of(), clients.of(Secret("http://proxy.test"))]
    await clients.aclose()
    assert all(client.is_closed for client in opened)


async def test_a_proxy_is_told_of_without_its_password() -> None:
    clients = Clients(refusing, "http://me:hush@common.test:3128")
    assert clients.proxy_of() == "common.test:3128"
    assert clients.proxy_of(Secret("https://me:hush@[::1]:1/")) == "[::1]:1"
    assert Clients(refusing, None).proxy_of() == ""


def test_a_proxy_is_blamed_for_what_is_its_fault_alone() -> None:
    untrusted = httpx.ConnectError("handshake")
    untrusted.__cause__ = ssl.SSLCertVerificationError("self-signed")
    faults: dict[httpx.HTTPError, str] = {
        httpx.ProxyError("407 Proxy Authentication Required"): "wants a name and a password",
        httpx.ProxyError("403 Forbidden"): "answered 403",
        httpx.ProxyError("broken"): "does not lead there",
        httpx.ConnectError("refused"): "cannot be reached",
        httpx.ConnectTimeout("late"): "cannot be reached",
    }
    for error, fault in faults.items():
        assert proxy_fault(error, "p.test:1") == f"the proxy p.test:1 {fault}"
    for error in (untrusted, httpx.ReadError("broken off")):
        assert proxy_fault(error, "p.test:1") == ""
    assert proxy_fault(httpx.ConnectError("refused"), "") == ""


async def test_no_cookie_is_kept_or_sent() -> None:
    sent: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie"))
        return httpx.Response(200, headers={"set-cookie": "of=a; Path=/; Domain=service.test"})

    clients = Clients(lambda _: httpx.MockTransport(handle), None)
    for _ in range(2):
        await clients.of().post("https://auth.service.test/token")

    assert sent == [None, None]
    assert not clients.of().cookies
    await clients.aclose()
