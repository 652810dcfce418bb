"""Says who calls, by the key that was sent."""

from collections.abc import Awaitable
from typing import ClassVar

from ki2api.flow import Caller, GatewayFlow
from ki2api.keys import KeyRing
from pipeline import Next, Stage, StageConfig


class AuthConfig(StageConfig, frozen=True):
    """No settings: the keys stand in `[server]` and `[[keys]]`, as they guard every other route."""


class Auth(Stage[GatewayFlow, AuthConfig]):
    """Names the caller by the key; a call without a right key ends here."""

    name = "auth"
    requires: ClassVar[frozenset[str]] = frozenset({"request", "protocol"})
    provides: ClassVar[frozenset[str]] = frozenset({"caller"})

    def __init__(self, config: AuthConfig, keys: KeyRing) -> None:
        super().__init__(config)
        self._keys = keys

    def __call__(self, flow: GatewayFlow, call_next: Next[GatewayFlow]) -> Awaitable[None]:
        """Fill `flow.caller`; raises Unauthenticated."""
        request = flow.request
        key = request.key or self._keys.admit(request.headers, request.peer)
        flow.caller = Caller(key, request.peer)
        return call_next(flow)
