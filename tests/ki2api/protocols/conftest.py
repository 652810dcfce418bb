"""Requests as a door would bring them."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from ki2api import errors
from ki2api.errors import GatewayError
from ki2api.protocols import RawRequest


@pytest.fixture
def ask() -> Callable[..., RawRequest]:
    """Make a request of a JSON body, or of the bytes given."""

    def make(body: Any, **headers: str) -> RawRequest:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return RawRequest("f10e", "/v1", named, content, received=1_790_000_000.9)

    return make


@pytest.fixture(scope="session")
def raised_errors() -> set[type[GatewayError]]:
    """Find every class of our tree that is raised itself: those that have a code."""

    def below(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return {
        kind
        for kind in below(GatewayError)
        if kind.__module__ == errors.__name__ and hasattr(kind, "code")
    }
