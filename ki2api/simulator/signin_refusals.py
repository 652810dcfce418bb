"""How the sign-in services say no (docs/kiro.md §1.9)."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from ki2api.simulator.http import Request

T = TypeVar("T")
INVALID_TOKEN = "Invalid refresh token provided"  # noqa: S105 - a sentence, no token


class TokenRefused(Exception):
    """A sign-in service says no."""

    def __init__(self, status: int, body: Mapping[str, str], type_: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.type = type_


def oauth_refused(error: str, description: str, exception: str, status: int = 400) -> TokenRefused:
    """Refuse in the words of an OIDC service of AWS."""
    body = {"error": error, "error_description": description}
    return TokenRefused(status, body, f"{exception}Exception")


def invalid_request(description: str = "Invalid request") -> TokenRefused:
    """Refuse what is malformed, or asked in a region that did not issue it."""
    return oauth_refused("invalid_request", description, "InvalidRequest")


def read(request: Request, wanted: type[T]) -> T:
    """Decode a body of JSON; raises TokenRefused."""
    try:
        return msgspec.json.decode(request.body, type=wanted)
    except msgspec.DecodeError as error:
        body = {"error": "invalid_request", "message": "Invalid request body"}
        raise TokenRefused(400, body) from error
