"""What goes to a sign-in service and what comes back, as plain values."""

from collections.abc import Mapping

from msgspec import Struct

from pipeline.secret import Secret


class NeedsLogin(Exception):
    """No refresh will ever work again; only a person can mend it, by logging in."""


class RefreshFailed(Exception):
    """The refresh did not work this time and may work later; `retry_after` is in seconds.

    `rotated` is set where it replaced the refresh token all the same.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        told_to_wait: bool = False,
        rotated: Secret | None = None,
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.told_to_wait = told_to_wait
        self.rotated = rotated


class LoginFailed(Exception):
    """A login did not come to its end; the text says why, and what to do."""


class Tokens(Struct, frozen=True):
    """What a sign-in service gave; `refresh` is set where it replaces the token that was sent.

    `expires_at` is in Unix seconds.
    """

    access: Secret
    refresh: Secret | None
    expires_at: float
    profile_arn: str = ""


class Granted(Struct, frozen=True):
    """The tokens of a new login, which always has both; `expires_at` is in Unix seconds."""

    access: Secret
    refresh: Secret
    expires_at: float
    profile_arn: str = ""


class Question(Struct, frozen=True):
    """The POST that goes to a sign-in service; its body holds secrets."""

    url: str
    headers: Mapping[str, str]
    body: Secret


class Answer(Struct, frozen=True):
    """What a sign-in service said; `asked_at`, in Unix seconds, is when it was asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked_at: float
