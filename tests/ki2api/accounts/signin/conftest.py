"""Sign-in services without a network: what they were asked, and what they are to answer."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec
import pytest

from ki2api.accounts.signin import Refresher
from ki2api.accounts.signin.exchange import Answer
from ki2api.transport import Clients

NOON = 1_763_812_800.0  # 2025-11-22T12:00:00Z


class Services(httpx.AsyncBaseTransport):
    """Answers every question alike, and keeps it."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: httpx.Response | Exception = httpx.Response(
            200, json={"accessToken": "access", "refreshToken": "next", "expiresIn": 900}
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]

    @property
    def asked(self) -> dict[str, Any]:
        return msgspec.json.decode(self.last.content, type=dict[str, Any])


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def proxies() -> list[str | None]:
    """Through which proxies clients were made."""
    return []


@pytest.fixture
def clients(services: Services, proxies: list[str | None]) -> Clients:
    def make(proxy: str | None) -> httpx.AsyncBaseTransport:
        proxies.append(proxy)
        return services

    return Clients(make, None)


@pytest.fixture
def refresher(clients: Clients) -> Refresher:
    return Refresher(
        clients,
        auth_url="https://auth.{region}.test",
        oidc_url="https://oidc.{region}.test/",
        clock=lambda: NOON,
    )


@pytest.fixture
def answer() -> Callable[..., Answer]:
    """Makes the answer of a service, asked at noon."""

    def make(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        return Answer(status, headers or {}, body, NOON)

    return make
