"""Fixtures that every room of the test tree shares."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
