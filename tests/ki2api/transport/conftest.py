"""Both transports, on both event loops."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ki2api.transport import Direct
from tests.ki2api.transport.peers import direct, stock


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Run each test on both event loops: uvloop has transports of its own."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@pytest.fixture(params=[direct, stock], ids=["direct", "stock"])
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncBaseTransport]:
    """Give one of the two transports, and close it."""
    made: httpx.AsyncBaseTransport = request.param()
    yield made
    await made.aclose()


@pytest.fixture
async def own() -> AsyncIterator[Direct]:
    """Give our own transport, and close it."""
    made = direct()
    yield made
    await made.aclose()
