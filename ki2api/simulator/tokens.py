"""The sign-in services: social, OIDC, and an external identity provider (docs/kiro.md §1)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from ki2api.simulator import signin_clients
from ki2api.simulator.accounts import Fault, SimAccount
from ki2api.simulator.http import Request, Wire
from ki2api.simulator.signin_clients import Clients
from ki2api.simulator.signin_codes import Codes
from ki2api.simulator.signin_devices import Devices
from ki2api.simulator.signin_holders import Holders
from ki2api.simulator.signin_refusals import (
    TokenRefused,
    invalid_request,
    oauth_refused,
    read,
)
from ki2api.simulator.world import World

_JSON = {"content-type": "application/json"}
_SNAKE = {"accessToken": "access_token", "refreshToken": "refresh_token", "expiresIn": "expires_in"}

REFRESH_SCENARIOS: Mapping[str, str] = {
    "refuse": "an error with `status` (500) and no useful body",
    "throttled": "429",
    "unauthorized": "401 in the words of a dead session",
    "wrong-region": "400 invalid_request, as from a region that did not issue the token",
    "garbage": "200 with a body that is no JSON",
    "slow": "the answer comes after `seconds` (10); a caller who leaves has spent the token",
    "lost": "the token is rotated, and the connection reset before the answer",
    "hang": "no answer ever",
    "reset": "the connection is reset before an answer",
    "keep-token": "the answer brings no new refresh token",
}
"""What `SimAccount.refresh_fault` knows."""

_Serve: TypeAlias = Callable[[Request, Wire], Awaitable[None]]


class _Ask(Struct, rename="camel"):
    """With what the OIDC services are asked for the tokens of a login."""

    grant_type: str = ""
    client_id: str = ""
    client_secret: str = ""
    device_code: str = ""
    code: str = ""
    code_verifier: str = ""
    redirect_uri: str = ""


class _SocialCode(Struct):
    code: str
    code_verifier: str
    redirect_uri: str


class TokenServices:
    """The sign-in hosts: they give tokens for a login, and new ones for a refresh token."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._clients = Clients(world)
        self._holders = Holders(world, self._clients)
        self._devices = Devices(world, self._clients)
        self._codes = Codes(world, self._clients)

    async def social(self, request: Request, wire: Wire) -> None:
        """Serve the host of social sign-ins, and Kiro's page for all of them."""
        await self._serve(
            request,
            wire,
            {
                ("POST", "/refreshToken"): self._refreshing(self._holders.social),
                ("POST", "/oauth/token"): self._social_login,
                ("GET", "/login"): _redirecting(self._codes.provider),
                ("GET", "/signin"): _redirecting(self._codes.portal),
            },
        )

    async def oidc(self, request: Request, wire: Wire) -> None:
        """Serve the OIDC host, and beside it the token endpoint of an external provider."""
        await self._serve(
            request,
            wire,
            {
                ("POST", "/token"): self._oidc_token,
                ("POST", "/client/register"): _telling(self._clients.register),
                ("POST", "/device_authorization"): _telling(self._devices.authorize),
                ("GET", "/authorize"): _redirecting(self._codes.authorize),
                ("POST", "/oauth2/v2.0/token"): self._refreshing(self._holders.external),
            },
        )

    async def _serve(
        self, request: Request, wire: Wire, paths: Mapping[tuple[str, str], _Serve]
    ) -> None:
        try:
            await paths.get((request.method, request.path), _not_found)(request, wire)
        except TokenRefused as refused:
            headers = {**_JSON, "x-amzn-requestid": self._world.identifiers.uuid()}
            if refused.type:
                headers["x-amzn-errortype"] = refused.type
            await wire.respond(refused.status, headers, msgspec.json.encode(refused.body))

    async def _social_login(self, request: Request, wire: Wire) -> None:
        ask = read(request, _SocialCode)
        await self._log_in(self._codes.redeem(ask.code, ask.code_verifier, ask.redirect_uri), wire)

    async def _oidc_token(self, request: Request, wire: Wire) -> None:
        ask = read(request, _Ask)
        match ask.grant_type:
            case "refresh_token":
                await self._refresh(self._holders.oidc(request), wire)
            case "authorization_code" | signin_clients.DEVICE_GRANT:
                await self._log_in(self._newly_approved(ask, request), wire)
            case _:
                raise oauth_refused(
                    "unsupported_grant_type", "Unsupported grant type", "UnsupportedGrantType"
                )

    def _newly_approved(self, ask: _Ask, request: Request) -> SimAccount:
        """Return the account that a person has just logged in to, now with this client."""
        client = self._clients.admit(request, ask.client_id, ask.client_secret, ask.grant_type)
        account = (
            self._devices.redeem(ask.device_code, client.id)
            if ask.grant_type == signin_clients.DEVICE_GRANT
            else self._codes.redeem(ask.code, ask.code_verifier, ask.redirect_uri, client.id)
        )
        account.client_id, account.client_secret = client.id, client.secret
        account.registration_expired = False
        return account

    def _refreshing(self, find: Callable[[Request], SimAccount]) -> _Serve:
        async def serve(request: Request, wire: Wire) -> None:
            await self._refresh(find(request), wire)

        return serve

    async def _refresh(self, account: SimAccount, wire: Wire) -> None:
        fault = account.refresh_faults.popleft() if account.refresh_faults else Fault("")
        if await self._disturbed(fault, wire):
            return
        account.refreshes += 1
        self._world.give_access(account)
        if self._world.options.rotate and fault.name != "keep-token":
            account.rotate(self._world.identifiers.refresh_token())
        tokens = self._tokens(account)
        if fault.name == "keep-token":
            del tokens["refreshToken"]
        if account.kind == "external-idp":
            tokens = {_SNAKE[key]: value for key, value in tokens.items()}
        if not await self._lost(fault, wire):
            await self._tell(wire, tokens)

    async def _log_in(self, account: SimAccount, wire: Wire) -> None:
        self._world.give_access(account)
        account.logged_in(self._world.identifiers.refresh_token())
        await self._tell(wire, self._tokens(account))

    def _tokens(self, account: SimAccount) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "accessToken": account.access_token,
            "refreshToken": account.refresh_token,
            "expiresIn": int(self._world.options.access_seconds),
        }
        if account.kind == "social" and self._world.options.profile_in_refresh:
            answer["profileArn"] = account.profile_arn
        return answer

    async def _tell(self, wire: Wire, tokens: dict[str, Any]) -> None:
        headers = {**_JSON, "x-amzn-requestid": self._world.identifiers.uuid()}
        await wire.respond(200, headers, msgspec.json.encode(tokens))

    async def _disturbed(self, fault: Fault, wire: Wire) -> bool:
        """Play an ordered fault; true when it was the whole answer."""
        match fault.name:
            case "refuse" | "throttled":
                status = 429 if fault.name == "throttled" else int(fault.values.get("status", 500))
                raise TokenRefused(status, {"message": "Please try again later."})
            case "unauthorized":
                raise TokenRefused(401, {"message": "Bad credentials"})
            case "wrong-region":
                raise invalid_request()
            case "hang":
                await wire.fall_silent()
            case "reset":
                await wire.reset()
            case "garbage":
                await wire.respond(200, _JSON, b"<html>no token here</html>")
        return fault.name in {"garbage", "reset"}

    async def _lost(self, fault: Fault, wire: Wire) -> bool:
        """Play a fault of the way back; true when nothing arrives. What was rotated stays so."""
        match fault.name:
            case "slow":
                await self._world.options.sleep(float(fault.values.get("seconds", 10)))
            case "lost":
                await wire.reset()
        return fault.name == "lost"


async def _not_found(_: Request, __: Wire) -> None:
    raise TokenRefused(404, {"message": "Not Found"})


def _telling(answer: Callable[[Request], Mapping[str, Any]]) -> _Serve:
    async def serve(request: Request, wire: Wire) -> None:
        await wire.respond(200, _JSON, msgspec.json.encode(answer(request)))

    return serve


def _redirecting(target: Callable[[Request], str]) -> _Serve:
    async def serve(request: Request, wire: Wire) -> None:
        await wire.respond(302, {"location": target(request)})

    return serve
