"""Client registrations of the OIDC services (docs/kiro.md §1.10)."""

from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from ki2api.simulator.http import Request
from ki2api.simulator.signin_refusals import TokenRefused, oauth_refused, read
from ki2api.simulator.world import World

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_GRANTS = frozenset({DEVICE_GRANT, "refresh_token", "authorization_code"})
_LIFETIME = 90 * 86_400.0


class _Wish(Struct, rename="camel"):
    client_name: str = ""
    client_type: str = ""
    scopes: list[str] = []
    grant_types: list[str] = []
    redirect_uris: list[str] = []


class Client(Struct, frozen=True):
    """A registered client; `ends` is in Unix seconds."""

    id: str
    secret: str
    grants: frozenset[str]
    redirect_uris: frozenset[str]
    region: str
    ends: float


class Clients:
    """Every client that was registered, each known in its own region only."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._clients: dict[str, Client] = {}

    def register(self, request: Request) -> dict[str, Any]:
        """Make a client known; raises TokenRefused."""
        wish = read(request, _Wish)
        _check(wish)
        now = self._world.options.clock()
        client = Client(
            id=self._world.identifiers.text(22),
            secret=self._world.identifiers.text(120),
            grants=frozenset(wish.grant_types),
            redirect_uris=frozenset(wish.redirect_uris),
            region=request.region,
            ends=now + _LIFETIME,
        )
        self._clients[client.id] = client
        return {
            "clientId": client.id,
            "clientSecret": client.secret,
            "clientIdIssuedAt": int(now),
            "clientSecretExpiresAt": int(client.ends),
        }

    def admit(self, request: Request, id_: str, secret: str, grant: str) -> Client:
        """Find a client that may use a grant; raises TokenRefused."""
        client = self.named(id_)
        if client is None or client.secret != secret or client.region != request.region:
            raise oauth_refused("invalid_client", "Invalid client provided", "InvalidClient", 401)
        if self.has_ended(id_):
            raise oauth_refused("invalid_client", "Client is expired", "ExpiredClient", 401)
        if grant not in client.grants:
            raise oauth_refused(
                "unauthorized_client", "Client is not authorized", "UnauthorizedClient"
            )
        return client

    def named(self, id_: str) -> Client | None:
        """Return a client by its id."""
        return self._clients.get(id_)

    def has_ended(self, id_: str) -> bool:
        """Tell whether a client was registered here, and its registration has ended."""
        client = self.named(id_)
        return client is not None and client.ends <= self._world.options.clock()


def is_loopback(uri: str) -> bool:
    """Tell whether an address is of a port of the caller's own machine."""
    address = urlsplit(uri)
    return address.scheme == "http" and address.hostname in {"127.0.0.1", "localhost"}


def _check(wish: _Wish) -> None:
    if not wish.client_name or wish.client_type != "public":
        raise _bad_metadata("Only a named public client is registered")
    if not wish.scopes or not all(scope.startswith("codewhisperer:") for scope in wish.scopes):
        raise oauth_refused("invalid_scope", "Invalid scope provided", "InvalidScope")
    if not wish.grant_types or not _GRANTS.issuperset(wish.grant_types):
        raise _bad_metadata("Invalid grant type")
    if "authorization_code" in wish.grant_types and not (
        wish.redirect_uris and all(map(is_loopback, wish.redirect_uris))
    ):
        raise oauth_refused("invalid_redirect_uri", "Invalid redirect", "InvalidRedirectUri")


def _bad_metadata(description: str) -> TokenRefused:
    return oauth_refused("invalid_client_metadata", description, "InvalidClientMetadata")
