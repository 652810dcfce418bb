"""One client for each way out."""

import httpx
import pytest

from ki2api.transport import Clients
from pipeline.secret import Secret

pytestmark = pytest.mark.anyio


def refusing(proxy: str | None) -> httpx.AsyncClient:
    def handle(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"no way by {proxy}")

    return httpx.AsyncClient(transport=httpx.MockTransport(handle))


async def test_accounts_with_the_same_way_out_share_a_client() -> None:
    clients = Clients(refusing, None)
    own = Secret("http://proxy.test:3128")
    assert clients.of() is clients.of(None)
    assert clients.of(own) is clients.of(Secret("http://proxy.test:3128"))
    assert clients.of(own) is not clients.of()
    await clients.aclose()


async def test_the_common_proxy_is_for_accounts_without_their_own() -> None:
    made: list[str | None] = []

    def make(proxy: str | None) -> httpx.AsyncClient:
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
