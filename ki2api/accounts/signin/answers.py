"""What the sign-in services answer: tokens, or a refusal that is final or passes.

Only words that are known make a refusal final (docs/kiro.md §1.9): an account must not be lost to
the error page of some proxy.
"""

from collections.abc import Mapping
from typing import TypeVar

import httpx
import msgspec
from msgspec import Raw, Struct, field

from ki2api.accounts.profile import is_profile_arn
from ki2api.accounts.signin.exchange import Answer, NeedsLogin, RefreshFailed, Tokens
from pipeline.secret import Secret

T = TypeVar("T")

ASSUMED_LIFETIME = 3600.0
LONGEST_LIFETIME = 86_400.0
"""Seconds that an access token is believed to live at most."""
LONGEST_WAIT = 3600.0
"""Seconds that a service is believed to want to be left alone for at most."""
_CAMEL = ("accessToken", "refreshToken", "expiresIn", "profileArn")
_SNAKE = ("access_token", "refresh_token", "expires_in", "profile_arn")
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


class _Complaint(Struct):
    error: str | None = None
    type: str | None = field(name="__type", default=None)
    message: str | None = None


def read_tokens(answer: Answer, *, snake: bool = False, copied: bool = False) -> Tokens:
    """Read the answer to a refresh; raises NeedsLogin or RefreshFailed.

    A `copied` token is one that a person has put there and that was never exchanged.
    """
    if answer.status == httpx.codes.OK:
        return tokens_in(answer, snake=snake)
    retry_after = _seconds(answer.headers.get("retry-after", ""))
    words = complaint(answer)
    if answer.status == httpx.codes.TOO_MANY_REQUESTS or _says(words, _TOO_FAST):
        raise RefreshFailed("asks for a pause", retry_after=retry_after, told_to_wait=True)
    if answer.status in _FINAL:
        _bury(words, copied=copied)
    raise RefreshFailed(f"answered {answer.status}", retry_after=retry_after)


def tokens_in(answer: Answer, *, snake: bool = False) -> Tokens:
    """Read the tokens out of a good answer; raises RefreshFailed without an access token.

    Each member is read by itself: a refresh token must not be lost to the fault of another member.
    """
    access_name, refresh_name, lifetime_name, profile_name = _SNAKE if snake else _CAMEL
    told = _read(answer.body, dict[str, Raw]) or {}
    access = _member(told, access_name, str) or ""
    refresh = _member(told, refresh_name, str)
    rotated = Secret(refresh) if refresh else None
    if not access:
        raise RefreshFailed("answered without a token", rotated=rotated)
    if not access.isascii() or not access.isprintable():
        raise RefreshFailed("answered with a token that no header can carry", rotated=rotated)
    profile_arn = _member(told, profile_name, str) or ""
    return Tokens(
        access=Secret(access),
        refresh=rotated,
        expires_at=answer.asked_at + _lifetime(_member(told, lifetime_name, float) or 0.0),
        profile_arn=profile_arn if is_profile_arn(profile_arn) else "",
    )


def complaint(answer: Answer) -> str:
    """Return the words of a refusal in lower case; nothing where no sign-in service wrote it."""
    told = _read(answer.body, _Complaint)
    if told is None:
        return ""
    named = answer.headers.get("x-amzn-errortype", "")
    return f"{told.error} {told.type} {named} {told.message}".lower()


def _bury(words: str, *, copied: bool) -> None:
    if _says(words, _DEAD_CLIENT):
        raise NeedsLogin("the client registration has expired or is unknown: log in again")
    if _says(words, _DEAD_TOKEN):
        doubt = "not valid, or was not copied as a whole" if copied else "not valid any more"
        raise NeedsLogin(f"the refresh token is {doubt}")
    if _says(words, _NO_FIT):
        raise NeedsLogin("client id, client secret and region do not fit the refresh token")


def _says(words: str, known: tuple[str, ...]) -> bool:
    return any(word in words for word in known)


def _seconds(text: str) -> float | None:
    return min(float(text), LONGEST_WAIT) if text.isascii() and text.isdigit() else None


def _lifetime(told: float) -> float:
    # A lifetime of nothing would mean one refresh for each request; Kiro's 403 is the truth anyway.
    return min(told, LONGEST_LIFETIME) if told > 0.0 else ASSUMED_LIFETIME


def _member(told: Mapping[str, Raw], name: str, wanted: type[T]) -> T | None:
    return _read(told[name], wanted) if name in told else None


def _read(content: bytes | Raw, wanted: type[T]) -> T | None:
    """Return what JSON says; None where it says something else, or is none."""
    try:
        return msgspec.json.decode(content, type=wanted, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
