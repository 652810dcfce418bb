"""Logging in by a code that is typed into a browser anywhere (docs/kiro.md §1.10).

Each step is two pure functions, one that builds the question and one that reads the answer.
"""

from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from ki2api.accounts import sealed
from ki2api.accounts.signin import oidc
from ki2api.accounts.signin.answers import complaint, tokens_in
from ki2api.accounts.signin.exchange import Answer, Granted, LoginFailed, Question, RefreshFailed
from pipeline.secret import Secret

T = TypeVar("T")

REGIONS = (
    "us-east-1",
    "eu-west-1",
    "eu-central-1",
    "us-east-2",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-southeast-1",
    "ap-northeast-1",
    "us-west-2",
)
"""Where an Identity Center may be whose region is not known, in the order of asking."""
SLOWER = 5.0
"""Seconds that a request for patience adds to the interval."""
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_REFUSALS = ("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client")
_SCOPES = ("completions", "analysis", "conversations", "transformations", "taskassist")


class Registration(Struct, rename="camel", frozen=True):
    """The client as which this login, and every refresh after it, speaks."""

    client_id: str
    client_secret: Secret


class Authorization(Struct, rename="camel", frozen=True):
    """A login that waits for a person: the code to confirm, and where; times are in seconds."""

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    expires_in: float = 600.0
    interval: float = 5.0

    @property
    def page(self) -> str:
        """Where to confirm the code, with the code filled in where the service does that."""
        return self.verification_uri_complete or self.verification_uri


def registration_question(base_url: str) -> Question:
    """Ask to be known as a client."""
    body = {
        "clientName": "Kiro IDE",
        "clientType": "public",
        "scopes": [f"codewhisperer:{scope}" for scope in _SCOPES],
        "grantTypes": [_GRANT, "refresh_token"],
    }
    return oidc.question(f"{base_url}/client/register", body)


def read_registration(answer: Answer) -> Registration:
    """Read the client; raises LoginFailed."""
    return _read(answer, Registration)


def authorization_question(base_url: str, client: Registration, start_url: str) -> Question:
    """Ask for a code that a person can confirm at this start URL."""
    body = {**_named(client), "startUrl": start_url}
    return oidc.question(f"{base_url}/device_authorization", body)


def read_authorization(answer: Answer) -> Authorization:
    """Read the code; raises LoginFailed, also where the start URL is not of this region."""
    return _read(answer, Authorization)


def poll_question(base_url: str, client: Registration, device_code: Secret) -> Question:
    """Ask whether the person has confirmed the code."""
    body = {**_named(client), "deviceCode": device_code.reveal(), "grantType": _GRANT}
    return oidc.question(f"{base_url}/token", body)


def read_poll(answer: Answer) -> Granted | float:
    """Return the tokens, or by how many seconds to ask more slowly; raises LoginFailed."""
    if answer.status == httpx.codes.OK:
        return granted(answer)
    words = complaint(answer)
    if "authorization_pending" in words:
        return 0.0
    too_fast = answer.status == httpx.codes.TOO_MANY_REQUESTS or "slow_down" in words
    if too_fast or httpx.codes.is_server_error(answer.status):
        return SLOWER
    if "expired_token" in words:
        raise LoginFailed("the code has expired: start again, and confirm it sooner")
    if "access_denied" in words:
        raise LoginFailed("the login was denied in the browser")
    raise refused(answer)


def granted(answer: Answer) -> Granted:
    """Read the tokens of a login, which must bring a refresh token; raises LoginFailed."""
    try:
        tokens = tokens_in(answer)
    except RefreshFailed as error:
        raise LoginFailed(f"the sign-in service {error}: try again") from None
    if tokens.refresh is None:
        raise LoginFailed("the sign-in service gave no refresh token: try again")
    return Granted(tokens.access, tokens.refresh, tokens.expires_at, tokens.profile_arn)


def refused(answer: Answer) -> LoginFailed:
    """Say in words that are ours that a service refuses a step of the login."""
    words = complaint(answer)
    named = next((f" {word}" for word in _REFUSALS if word in words), "")
    return LoginFailed(f"the sign-in service answered {answer.status}{named}")


def _named(client: Registration) -> dict[str, str]:
    return {"clientId": client.client_id, "clientSecret": client.client_secret.reveal()}


def _read(answer: Answer, wanted: type[T]) -> T:
    if answer.status != httpx.codes.OK:
        raise refused(answer)
    try:
        return sealed.decode(answer.body, wanted)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise LoginFailed("the sign-in service's answer cannot be understood: try again") from None
