"""The clients that the settings describe."""

import httpx
import pytest

from ki2api.accounts.sources import Found
from ki2api.reload.ways import ways_of
from ki2api.settings import UpstreamSettings

pytestmark = pytest.mark.anyio


async def test_accounts_are_not_tied_together_by_cookies() -> None:
    clients = ways_of(UpstreamSettings(), Found).clients
    client = clients.of()
    request = httpx.Request("POST", "https://auth.test/token")
    answer = httpx.Response(200, headers={"set-cookie": "of=a; Path=/"}, request=request)

    client.cookies.extract_cookies(answer)

    assert not client.cookies
    await clients.aclose()
