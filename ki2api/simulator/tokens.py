"""The token services: social, OIDC, and an external identity provider (docs/kiro.md §1)."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from ki2api.simulator.accounts import Fault, Kind, SimAccount
from ki2api.simulator.http import Request, Wire
from ki2api.simulator.world import World

_INVALID_TOKEN = "Invalid refresh token provided"  # noqa: S105 - a sentence, no token
_JSON = {"content-type": "application/json"}
_SNAKE = {"accessToken": "access_token", "refreshToken": "refresh_token", "expiresIn": "expires_in"}

REFRESH_SCENARIOS: Mapping[str, str] = {
    "refuse": "an error with `status` (500) and no useful body",
    "throttled": "429",
    "unauthorized": "401 in the words of a dead session",
    "wrong-region": "400 invalid_request, as from a region that did not issue the token",
    "garbage": "200 with a body that is no JSON",
    "slow": "the answer comes after `seconds` (10)",
    "hang": "no answer ever",
    "reset": "the connection is reset before an answer",
    "keep-token": "the answer brings no new refresh token",
}
"""What `SimAccount.refresh_fault` knows."""


class _TokenRefused(Exception):
    """The token service says no."""

    def __init__(self, status: int, body: Mapping[str, str], type_: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.type = type_


class _Ask(Struct, rename="camel"):
    """What a refresh brings; the social service reads the token alone."""

    refresh_token: str
    client_id: str = ""
    client_secret: str = ""
    grant_type: str = ""


_Find: TypeAlias = Callable[[Request], SimAccount]


class TokenServices:
    """Both token hosts: they give access tokens for refresh tokens, and may rotate the latter."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def social(self, request: Request, wire: Wire) -> None:
        """Serve the host of social sign-ins."""
        await self._serve(request, wire, {"/refreshToken": self._social_holder})

    async def oidc(self, request: Request, wire: Wire) -> None:
        """Serve the OIDC host, and beside it the token endpoint of an external provider."""
        paths = {"/token": self._oidc_holder, "/oauth2/v2.0/token": self._external_holder}
        await self._serve(request, wire, paths)

    async def _serve(self, request: Request, wire: Wire, paths: Mapping[str, _Find]) -> None:
        headers = {**_JSON, "x-amzn-requestid": self._world.identifiers.uuid()}
        try:
            find = paths.get(request.path) if request.method == "POST" else None
            account = (find or _not_found)(request)
            fault = account.refresh_faults.popleft() if account.refresh_faults else Fault("")
            if not await self._disturbed(fault, wire):
                tokens = self._renewed(account, fault)
                await wire.respond(200, headers, msgspec.json.encode(tokens))
        except _TokenRefused as refused:
            typed = {**headers, "x-amzn-errortype": refused.type} if refused.type else headers
            await wire.respond(refused.status, typed, msgspec.json.encode(refused.body))

    async def _disturbed(self, fault: Fault, wire: Wire) -> bool:
        """Play an ordered fault; true when it was the whole answer."""
        match fault.name:
            case "refuse" | "throttled":
                status = 429 if fault.name == "throttled" else int(fault.values.get("status", 500))
                raise _TokenRefused(status, {"message": "Please try again later."})
            case "unauthorized":
                raise _TokenRefused(401, {"message": "Bad credentials"})
            case "wrong-region":
                raise _oauth_refused("invalid_request", "Invalid request", "InvalidRequest")
            case "slow":
                await self._world.options.sleep(float(fault.values.get("seconds", 10)))
                return False
            case "hang":
                await wire.fall_silent()
            case "reset":
                await wire.reset()
            case "garbage":
                await wire.respond(200, _JSON, b"<html>no token here</html>")
        return fault.name in {"garbage", "reset"}

    def _renewed(self, account: SimAccount, fault: Fault) -> dict[str, Any]:
        options = self._world.options
        account.refreshes += 1
        self._world.give_access(account)
        answer: dict[str, Any] = {
            "accessToken": account.access_token,
            "expiresIn": int(options.access_seconds),
        }
        if fault.name != "keep-token":
            if options.rotate:
                account.rotate(self._world.identifiers.refresh_token())
            answer["refreshToken"] = account.refresh_token
        if account.kind == "social" and options.profile_in_refresh:
            answer["profileArn"] = account.profile_arn
        if account.kind == "external-idp":
            return {_SNAKE[key]: value for key, value in answer.items()}
        return answer

    def _social_holder(self, request: Request) -> SimAccount:
        account = self._holder(_read(request).refresh_token, {"social"})
        if account is None:
            raise _TokenRefused(400, {"message": _INVALID_TOKEN})
        return account

    def _oidc_holder(self, request: Request) -> SimAccount:
        ask = _read(request)
        if ask.grant_type != "refresh_token":
            raise _oauth_refused(
                "unsupported_grant_type", "Unsupported grant type", "UnsupportedGrantType"
            )
        account = self._holder(ask.refresh_token, {"builder-id", "enterprise"})
        if account is None:
            raise _oauth_refused("invalid_grant", _INVALID_TOKEN, "InvalidGrant")
        if account.registration_expired:
            raise _oauth_refused("invalid_client", "Client is expired", "ExpiredClient", 401)
        if (ask.client_id, ask.client_secret) != (account.client_id, account.client_secret):
            raise _oauth_refused("invalid_client", "Invalid client provided", "InvalidClient", 401)
        return account

    def _external_holder(self, request: Request) -> SimAccount:
        form = dict(parse_qsl(request.body.decode("latin-1")))
        account = self._holder(form.get("refresh_token", ""), {"external-idp"})
        if account is None or form.get("client_id") != account.client_id:
            raise _oauth_refused("invalid_grant", _INVALID_TOKEN, "InvalidGrant")
        return account

    def _holder(self, token: str, kinds: set[Kind]) -> SimAccount | None:
        for account in self._world.accounts.values():
            known = {account.refresh_token} | (
                account.retired if self._world.options.grace else set()
            )
            if account.kind in kinds and token in known and not account.revoked:
                return account
        return None


def _not_found(_: Request) -> SimAccount:
    raise _TokenRefused(404, {"message": "Not Found"})


def _read(request: Request) -> _Ask:
    try:
        return msgspec.json.decode(request.body, type=_Ask)
    except msgspec.DecodeError as error:
        body = {"error": "invalid_request", "message": "Invalid request body"}
        raise _TokenRefused(400, body) from error


def _oauth_refused(
    error: str, description: str, exception: str, status: int = 400
) -> _TokenRefused:
    body = {"error": error, "error_description": description}
    return _TokenRefused(status, body, f"{exception}Exception")
