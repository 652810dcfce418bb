"""What a test may ask the simulator afterwards: each request, accepted or refused."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

Binding: TypeAlias = Literal["rest", "json-1.0"]


class RecordedRequest(Struct):
    """A request of the data plane that was accepted, and how its answer went.

    `finished` says that the whole answer went out as planned, `abandoned` that the caller closed
    the connection before.
    """

    account: str
    host: str
    path: str
    binding: Binding
    headers: Mapping[str, str]
    body: bytes
    scenario: str = ""
    finished: bool = False
    abandoned: bool = False

    def parsed(self) -> Any:
        """Read the body."""
        return msgspec.json.decode(self.body)


class RecordedSearch(Struct, frozen=True):
    """A search of the web that was well asked, whatever came of it."""

    account: str
    host: str
    binding: Binding
    query: str


class RefusedRequest(Struct, frozen=True):
    """A request that was refused, with the rules it broke; `account` is empty if it has none."""

    account: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    reason: str | None
    rules: tuple[str, ...]
