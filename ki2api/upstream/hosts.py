"""Which host an account's calls go to: Kiro's own, or the older one where that cannot serve it.

docs/kiro.md §2.1. Which host serves an account is kept in memory only: an hour's knowledge.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias, TypeVar

import httpx
from msgspec import Struct

from ki2api.accounts.account import TOKEN_TYPES
from ki2api.accounts.companion import Access
from ki2api.errors import (
    AccountError,
    GatewayError,
    ProfileRefused,
    TokenExpired,
    UnknownOperation,
    UpstreamError,
    UpstreamUntrusted,
)

T = TypeVar("T")
Plane: TypeAlias = Literal["runtime", "management"]
"""Conversations, or what Kiro tells beside them."""
PLANES: tuple[Plane, ...] = ("runtime", "management")

SETTLED_SECONDS = 3600.0
"""How long an account stays with the older host before the newer one is tried again."""
REST_SECONDS = 60.0
"""How long no second host is tried after none has served; doubled each time."""
LONGEST_REST = 900.0
_UNREACHABLE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)


class HostUrls(Struct, frozen=True):
    """Templates with {region}; `fallback` serves what both others do, and may be empty."""

    runtime: str
    management: str
    fallback: str = ""


class _Rest(Struct):
    """Until when no second host is tried, and for how long the next time."""

    until: float = 0.0
    seconds: float = REST_SECONDS


class Hosts:
    """Chooses the host of each call, and remembers for each account which one serves it."""

    def __init__(self, urls: HostUrls, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds that never go back."""
        self._urls = urls
        self._clock = clock
        self._older_until: dict[tuple[Plane, str], float] = {}
        self._rests: dict[tuple[tuple[Plane, ...], str], _Rest] = {}

    async def reach(self, plane: Plane, access: Access, call: Callable[[str], Awaitable[T]]) -> T:
        """Make a call at the host that serves the account; `call` gets its URL.

        It is made again at the other host only where this one cannot have begun to serve it.
        Raises what the call raises.
        """
        until = self._older_until.get((plane, access.name))
        older_first = until is not None and self._clock() < until
        here = self._url(plane, access.region, older=older_first)
        try:
            return await call(here)
        except GatewayError as error:
            # What is refused to one key says nothing of other accounts; a host that is away does.
            whom = access.name if isinstance(error, AccountError) else access.region
            # Who takes no keys takes none on either plane; a profile is wanted on one (U1, §6.1).
            planes: tuple[Plane, ...] = PLANES if isinstance(error, TokenExpired) else (plane,)
            rest = self._rests.setdefault((planes, whom), _Rest())
            there = self._url(plane, access.region, older=not older_first)
            alone = there in {"", here} or self._clock() < rest.until
            if alone or not leads_on(error, access):
                raise
            first = error
        try:
            answer = await call(there)
        except GatewayError as error:
            if leads_on(error, access):
                self._pause(rest)
                raise first from first.__cause__
            if isinstance(error, UpstreamError):
                self._pause(rest)
            else:
                self._settle(planes, access, rest, older=not older_first)
            raise
        self._settle(planes, access, rest, older=not older_first)
        return answer

    def _url(self, plane: Plane, region: str, *, older: bool) -> str:
        template = self._urls.fallback if older else getattr(self._urls, plane)
        return str(template).replace("{region}", region).rstrip("/")

    def _settle(
        self, planes: tuple[Plane, ...], access: Access, rest: _Rest, *, older: bool
    ) -> None:
        """Stay with the second host, which serves the account, be it by a refusal."""
        until = self._clock() + SETTLED_SECONDS if older else 0.0
        self._older_until |= {(plane, access.name): until for plane in planes}
        rest.seconds = REST_SECONDS

    def _pause(self, rest: _Rest) -> None:
        """Try no second host for a while: when all fails, calls must not come in pairs."""
        rest.until = self._clock() + rest.seconds
        rest.seconds = min(2 * rest.seconds, LONGEST_REST)


def leads_on(error: GatewayError, access: Access) -> bool:
    """Tell whether another host may serve a call that ended so: nothing of it was begun here.

    A host that is not there, or does not know the operation; and for an API key also one that does
    not take it, on which reports disagree (docs/kiro.md U1).
    """
    if isinstance(error, UpstreamUntrusted):
        return False
    if isinstance(error, UnknownOperation) or isinstance(error.__cause__, _UNREACHABLE):
        return True
    is_key = access.token_type == TOKEN_TYPES["api-key"]
    return is_key and isinstance(error, (TokenExpired, ProfileRefused))
