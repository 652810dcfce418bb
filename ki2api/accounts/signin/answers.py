"""What the sign-in services answer: tokens, or a refusal that is final or passes.

Only words that are known make a refusal final (docs/kiro.md §1.9): an account must not be lost to
the error page of some proxy.
"""

import httpx
import msgspec
from msgspec import Struct, field

from ki2api.accounts.profile import is_profile_arn
from ki2api.accounts.signin.exchange import Answer, NeedsLogin, RefreshFailed, Tokens
from pipeline.secret import Secret

ASSUMED_LIFETIME = 3600.0
_FINAL = (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED)
_TOO_FAST = ("slow_down", "slowdown", "throttl", "toomanyrequests", "temporarily_unavailable")
_DEAD_CLIENT = ("invalid_client", "invalidclient", "expiredclient", "unauthorized_client")
_DEAD_TOKEN = (
    "invalid_grant",
    "invalidgrant",
    "expired_token",
    "expiredtoken",
    "invalid_token",
    "invalidtoken",
    "invalid refresh token",
    "bad credentials",
    "interaction_required",
)
_NO_FIT = ("invalid_request", "invalidrequest")


class _Camel(Struct, rename="camel"):
    access_token: str = ""
    refresh_token: str | None = None
    expires_in: float | None = None
    profile_arn: str | None = None


class _Snake(Struct):
    access_token: str = ""
    refresh_token: str | None = None
    expires_in: float | None = None
    profile_arn: str | None = None


class _Complaint(Struct):
    error: str | None = None
    type: str | None = field(name="__type", default=None)
    message: str | None = None


def read_tokens(answer: Answer, *, snake: bool = False) -> Tokens:
    """Read the answer to a refresh; raises NeedsLogin or RefreshFailed."""
    if answer.status == httpx.codes.OK:
        return tokens_in(answer, snake=snake)
    retry_after = _seconds(answer.headers.get("retry-after", ""))
    words = complaint(answer)
    if answer.status == httpx.codes.TOO_MANY_REQUESTS or _says(words, _TOO_FAST):
        raise RefreshFailed("asks for a pause", retry_after=retry_after, told_to_wait=True)
    if answer.status in _FINAL:
        _bury(words)
    raise RefreshFailed(f"answered {answer.status}", retry_after=retry_after)


def tokens_in(answer: Answer, *, snake: bool = False) -> Tokens:
    """Read the tokens out of a good answer; raises RefreshFailed where there are none."""
    spelling: type[_Camel | _Snake] = _Snake if snake else _Camel
    try:
        told = msgspec.json.decode(answer.body, type=spelling, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RefreshFailed("answered without a token") from None
    if not told.access_token:
        raise RefreshFailed("answered without a token")
    if not told.access_token.isascii() or not told.access_token.isprintable():
        raise RefreshFailed("answered with a token that no header can carry")
    # A lifetime of nothing would mean one refresh for each request; Kiro's 403 is the truth anyway.
    lifetime = told.expires_in if (told.expires_in or 0.0) > 0.0 else None
    profile_arn = told.profile_arn or ""
    return Tokens(
        access=Secret(told.access_token),
        refresh=Secret(told.refresh_token) if told.refresh_token else None,
        expires_at=answer.asked_at + (lifetime or ASSUMED_LIFETIME),
        profile_arn=profile_arn if is_profile_arn(profile_arn) else "",
    )


def complaint(answer: Answer) -> str:
    """Return the words of a refusal in lower case; nothing where no sign-in service wrote it."""
    try:
        told = msgspec.json.decode(answer.body, type=_Complaint)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    named = answer.headers.get("x-amzn-errortype", "")
    return f"{told.error} {told.type} {named} {told.message}".lower()


def _bury(words: str) -> None:
    if _says(words, _DEAD_CLIENT):
        raise NeedsLogin("the client registration has expired or is unknown: log in again")
    if _says(words, _DEAD_TOKEN):
        raise NeedsLogin("the refresh token is not valid any more")
    if _says(words, _NO_FIT):
        raise NeedsLogin("client id, client secret and region do not fit the refresh token")


def _says(words: str, known: tuple[str, ...]) -> bool:
    return any(word in words for word in known)


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None
