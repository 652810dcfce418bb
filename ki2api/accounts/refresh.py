"""New access tokens for refresh tokens: one exchange for each kind of sign-in, and who runs them.

An exchange is two pure functions, one that builds the question and one that reads the answer.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

import httpx
import msgspec
from msgspec import Struct

from ki2api.accounts.account import Credential
from ki2api.accounts.profile import is_profile_arn
from pipeline.secret import Secret

_ASSUMED_LIFETIME = 3600.0
_BUDGET = 10.0
_FINAL = (400, 401)
_TOO_FAST = ("slow_down", "slowdown", "throttl", "toomanyrequests")


class NeedsLogin(Exception):
    """No refresh will ever work again; only a person can mend it, by logging in."""


class RefreshFailed(Exception):
    """The refresh did not work this time and may work later."""

    def __init__(
        self, reason: str, *, retry_after: float | None = None, told_to_wait: bool = False
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.told_to_wait = told_to_wait


class Tokens(Struct, frozen=True):
    """What a sign-in service gave; `refresh` is set where it replaces the token that was sent."""

    access: Secret
    refresh: Secret | None
    expires_at: float
    profile_arn: str = ""


class Question(Struct, frozen=True):
    """The request that goes to a sign-in service."""

    url: str
    body: bytes


class _Answer(Struct, rename="camel"):
    access_token: str = ""
    refresh_token: str | None = None
    expires_in: float | None = None
    profile_arn: str | None = None


class _Complaint(Struct):
    error: str | None = None
    type: str | None = msgspec.field(name="__type", default=None)


def social_question(base_url: str, refresh_token: Secret) -> Question:
    """Ask the service of Google and GitHub logins (docs/kiro.md §1.2)."""
    body = {"refreshToken": refresh_token.reveal()}
    return Question(f"{base_url}/refreshToken", msgspec.json.encode(body))


def oidc_question(base_url: str, credential: Credential, refresh_token: Secret) -> Question:
    """Ask the service of Builder ID and Identity Center (docs/kiro.md §1.3)."""
    body = {
        "clientId": credential.client_id,
        "clientSecret": credential.client_secret.reveal() if credential.client_secret else "",
        "refreshToken": refresh_token.reveal(),
        "grantType": "refresh_token",
    }
    return Question(f"{base_url}/token", msgspec.json.encode(body))


def read_answer(status: int, headers: Mapping[str, str], body: bytes, asked_at: float) -> Tokens:
    """Read what a sign-in service of any kind answers; raises NeedsLogin or RefreshFailed."""
    if status == httpx.codes.OK:
        return _tokens(body, asked_at)
    retry_after = _seconds(headers.get("retry-after", ""))
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise RefreshFailed("asks for a pause", retry_after=retry_after, told_to_wait=True)
    if status in _FINAL:
        _complain(body, headers.get("x-amzn-errortype", ""))
    raise RefreshFailed(f"answered {status}", retry_after=retry_after)


def _tokens(body: bytes, asked_at: float) -> Tokens:
    try:
        answer = msgspec.json.decode(body, type=_Answer, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RefreshFailed("answered without a token") from None
    if not answer.access_token.isascii() or not answer.access_token.isprintable():
        raise RefreshFailed("answered with a token that no header can carry")
    if not answer.access_token:
        raise RefreshFailed("answered without a token")
    # A lifetime of nothing would mean one refresh for each request; Kiro's 403 is the truth anyway.
    lifetime = answer.expires_in if (answer.expires_in or 0.0) > 0.0 else None
    profile_arn = answer.profile_arn or ""
    return Tokens(
        access=Secret(answer.access_token),
        refresh=Secret(answer.refresh_token) if answer.refresh_token else None,
        expires_at=asked_at + (lifetime or _ASSUMED_LIFETIME),
        profile_arn=profile_arn if is_profile_arn(profile_arn) else "",
    )


def _complain(body: bytes, error_type: str) -> None:
    """Raise what a refusal says (docs/kiro.md §1.9); return where the words are no service's."""
    try:
        complaint = msgspec.json.decode(body, type=_Complaint)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    words = f"{complaint.error} {complaint.type} {error_type}".lower()
    if any(word in words for word in _TOO_FAST):
        raise RefreshFailed("asks for a pause", told_to_wait=True)
    if "client" in words:
        raise NeedsLogin("the client registration has expired or is unknown")
    if "request" in words:
        raise NeedsLogin("client id, client secret and region do not fit the refresh token")
    raise NeedsLogin("the refresh token is not valid any more")


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None


class Refresher:
    """Asks the sign-in services; each refresh has ten seconds in all."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        auth_url: str,
        oidc_url: str,
        clock: Callable[[], float] = time.time,
        budget: float = _BUDGET,
    ) -> None:
        self._client = client
        self._auth_url = auth_url
        self._oidc_url = oidc_url
        self._clock = clock
        self._budget = budget

    async def refresh(self, credential: Credential, refresh_token: Secret) -> Tokens:
        """Exchange the refresh token; raises NeedsLogin (final) or RefreshFailed (transient)."""
        asked_at = self._clock()
        answer = await self._ask(self._question(credential, refresh_token))
        return read_answer(answer.status_code, answer.headers, answer.content, asked_at)

    def _question(self, credential: Credential, refresh_token: Secret) -> Question:
        if credential.kind == "social":
            return social_question(_in_region(self._auth_url, credential), refresh_token)
        return oidc_question(_in_region(self._oidc_url, credential), credential, refresh_token)

    async def _ask(self, question: Question) -> httpx.Response:
        try:
            async with asyncio.timeout(self._budget):
                return await self._client.post(
                    question.url,
                    content=question.body,
                    headers={"content-type": "application/json", "accept": "application/json"},
                    timeout=self._budget,
                    follow_redirects=False,  # the body holds a secret that is meant for one host
                )
        except (httpx.HTTPError, TimeoutError) as error:
            host = httpx.URL(question.url).host
            raise RefreshFailed(f"{host} cannot be reached ({type(error).__name__})") from error


def _in_region(url: str, credential: Credential) -> str:
    return url.replace("{region}", credential.region).rstrip("/")
