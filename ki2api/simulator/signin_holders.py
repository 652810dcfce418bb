"""Whose refresh token it is, and whether it may be used as it is (docs/kiro.md §1.2 to §1.4)."""

from collections.abc import Collection
from urllib.parse import parse_qsl

from msgspec import Struct

from ki2api.simulator.accounts import Kind, SimAccount
from ki2api.simulator.http import Request
from ki2api.simulator.operations import media_type
from ki2api.simulator.signin_clients import Clients
from ki2api.simulator.signin_refusals import (
    INVALID_TOKEN,
    TokenRefused,
    invalid_request,
    oauth_refused,
    read,
)
from ki2api.simulator.world import World


class _SocialAsk(Struct, rename="camel"):
    refresh_token: str


class _OidcAsk(Struct, rename="camel"):
    refresh_token: str = ""
    client_id: str = ""
    client_secret: str = ""


class Holders:
    """Finds the account that a refresh is for; every method raises TokenRefused."""

    def __init__(self, world: World, clients: Clients) -> None:
        self._world = world
        self._clients = clients

    def social(self, request: Request) -> SimAccount:
        """Check a refresh of a social login."""
        account = self._of(read(request, _SocialAsk).refresh_token, {"social"})
        if account is None or not _is_at_home(account, request):
            raise TokenRefused(400, {"message": INVALID_TOKEN})
        return account

    def oidc(self, request: Request) -> SimAccount:
        """Check a refresh of a Builder ID or Identity Center login."""
        ask = read(request, _OidcAsk)
        account = self._of(ask.refresh_token, {"builder-id", "enterprise"})
        if account is None:
            raise oauth_refused("invalid_grant", INVALID_TOKEN, "InvalidGrant")
        if not _is_at_home(account, request):
            raise invalid_request()
        if account.registration_expired or self._clients.has_ended(ask.client_id):
            raise oauth_refused("invalid_client", "Client is expired", "ExpiredClient", 401)
        if (ask.client_id, ask.client_secret) != (account.client_id, account.client_secret):
            raise oauth_refused("invalid_client", "Invalid client provided", "InvalidClient", 401)
        return account

    def external(self, request: Request) -> SimAccount:
        """Check a refresh at an external provider, which takes forms."""
        if media_type(request) != "application/x-www-form-urlencoded":
            raise invalid_request("The request body must be a form")
        form = dict(parse_qsl(request.body.decode("latin-1")))
        if form.get("grant_type") != "refresh_token" or not form.get("scope"):
            raise invalid_request("The request must have a grant_type and a scope")
        account = self._of(form.get("refresh_token", ""), {"external-idp"})
        if account is None or form.get("client_id") != account.client_id:
            raise oauth_refused("invalid_grant", INVALID_TOKEN, "InvalidGrant")
        return account

    def _of(self, token: str, kinds: Collection[Kind]) -> SimAccount | None:
        for account in self._world.accounts.values():
            known = {account.refresh_token} | (
                account.retired if self._world.options.grace else set()
            )
            if account.kind in kinds and token in known and not account.revoked:
                return account
        return None


def _is_at_home(account: SimAccount, request: Request) -> bool:
    """Tell whether the account signs in in the region that was asked, if one was named."""
    return request.region in {"", account.region}
