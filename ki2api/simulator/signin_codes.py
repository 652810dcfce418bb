"""Logins on a page that sends the browser back with a code, proved by PKCE (docs/kiro.md §1.10)."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from ki2api.simulator.accounts import Kind, SimAccount
from ki2api.simulator.http import Request
from ki2api.simulator.signin_clients import Clients, is_loopback
from ki2api.simulator.signin_refusals import TokenRefused, oauth_refused
from ki2api.simulator.world import World

LIFETIME = 300.0
_HASH_LENGTH = 43  # a SHA-256 in base64url, without padding
_IDE = "kiro://kiro.kiroAgent/authenticate-success"
_AT_AWS: dict[Kind, str] = {"builder-id": "builderid", "enterprise": "awsidc"}


class _Grant(Struct, frozen=True):
    account: SimAccount
    challenge: str
    redirect_uri: str
    ends: float
    client_id: str


class Codes:
    """The codes that were given out; each is good for one use."""

    def __init__(self, world: World, clients: Clients) -> None:
        self._world = world
        self._clients = clients
        self._grants: dict[str, _Grant] = {}

    def portal(self, request: Request) -> str:
        """Serve `/signin`: whoever is to log in chose how; return where the browser goes."""
        base = request.query.get("redirect_uri", "")
        if not is_loopback(base) or urlsplit(base).path not in {"", "/"}:
            raise _bad_page("redirect_uri")
        if request.query.get("redirect_from") != "KiroIDE":
            raise _bad_page("redirect_from")
        account, verdict = self._person({"social", *_AT_AWS})
        if option := _AT_AWS.get(account.kind):
            query = {
                "login_option": option,
                "issuer_url": account.start_url,
                "idc_region": account.region,
                "state": request.query.get("state", ""),
            }
            return f"{base.rstrip('/')}/signin/callback?{urlencode(query)}"
        callback = f"{base.rstrip('/')}/oauth/callback?login_option={account.provider}"
        return self._sent(request, account, verdict, callback)

    def provider(self, request: Request) -> str:
        """Serve `/login`, the page of one provider; return where the browser goes."""
        redirect_uri = request.query.get("redirect_uri", "")
        if not is_loopback(redirect_uri) and redirect_uri != _IDE:
            raise _bad_page("redirect_uri")
        if request.query.get("idp") not in {"Google", "Github"}:
            raise _bad_page("idp")
        account, verdict = self._person({"social"})
        return self._sent(request, account, verdict, redirect_uri)

    def authorize(self, request: Request) -> str:
        """Serve `/authorize` of the OIDC services; return where the browser goes."""
        client = self._clients.named(request.query.get("client_id", ""))
        redirect_uri = request.query.get("redirect_uri", "")
        if client is None or redirect_uri not in client.redirect_uris:
            raise _bad_page("client_id or redirect_uri")
        if request.query.get("response_type") != "code" or not request.query.get("scopes"):
            raise _bad_page("response_type or scopes")
        account, verdict = self._person(set(_AT_AWS))
        return self._sent(request, account, verdict, redirect_uri, client.id)

    def redeem(
        self, code: str, verifier: str, redirect_uri: str, client_id: str = ""
    ) -> SimAccount:
        """Return the account that a code stands for; raises TokenRefused."""
        grant = self._grants.pop(code, None)
        if (
            grant is None
            or grant.ends <= self._world.options.clock()
            or grant.challenge != hashed(verifier)
            or (grant.redirect_uri, grant.client_id) != (redirect_uri, client_id)
        ):
            raise oauth_refused("invalid_grant", "Invalid code provided", "InvalidGrant")
        return grant.account

    def _person(self, kinds: Collection[Kind]) -> tuple[SimAccount, str]:
        """Return who logs in: who decided to, else the first account there is."""
        if self._world.options.welcoming:
            return self._world.newcomer("social" if "social" in kinds else "builder-id"), "approve"
        accounts = [each for each in self._world.accounts.values() if each.kind in kinds]
        for account in accounts:
            if verdict := account.decided():
                return account, verdict
        if not accounts:
            raise TokenRefused(404, {"message": "Nobody is there to log in"})
        return accounts[0], "approve"

    def _sent(
        self,
        request: Request,
        account: SimAccount,
        verdict: str,
        redirect_uri: str,
        client_id: str = "",
    ) -> str:
        challenge = request.query.get("code_challenge", "")
        if request.query.get("code_challenge_method") != "S256" or len(challenge) != _HASH_LENGTH:
            raise _bad_page("code_challenge")
        if not request.query.get("state"):
            raise _bad_page("state")
        query = {"state": request.query["state"]}
        if verdict == "deny":
            query["error"] = "access_denied"
        else:
            query["code"] = code = self._world.identifiers.uuid()
            lifetime = LIFETIME if verdict == "approve" else 0.0
            ends = self._world.options.clock() + lifetime
            self._grants[code] = _Grant(account, challenge, redirect_uri, ends, client_id)
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(query)}"


def hashed(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _bad_page(parameter: str) -> TokenRefused:
    return TokenRefused(400, {"message": f"Invalid parameter: {parameter}"})
