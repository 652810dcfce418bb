"""Logging in on a page of Kiro's that sends the browser back to this machine (docs/kiro.md §1.10).

The page gives a code that is worth nothing without the verifier, which never leaves this process.
"""

import hashlib
from base64 import urlsafe_b64encode
from hmac import compare_digest
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct

from ki2api.accounts.account import BUILDER_ID_URL
from ki2api.accounts.profile import is_region
from ki2api.accounts.signin import social
from ki2api.accounts.signin.exchange import LoginFailed, Question
from pipeline.secret import Secret

CALLBACKS = ("/oauth/callback", "/signin/callback")
"""Where the browser comes back to: with a code, or with the choice of a login at AWS."""
PROVIDERS = {"google": "Google", "github": "Github"}
_AT_AWS = ("builderid", "awsidc", "internal")


class Challenge(Struct, frozen=True):
    """What proves that who redeems a code is who asked for it (RFC 7636, S256)."""

    verifier: Secret
    state: str

    @property
    def hashed(self) -> str:
        digest = hashlib.sha256(self.verifier.reveal().encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def parameters(self) -> dict[str, str]:
        """What a sign-in page is told of it."""
        return {
            "state": self.state,
            "code_challenge": self.hashed,
            "code_challenge_method": "S256",
        }


class Redirect(Struct, frozen=True):
    """With what the browser came back: a code, or the start URL of a login at AWS."""

    path: str
    option: str
    code: Secret
    start_url: str = ""
    region: str = ""


def new_challenge() -> Challenge:
    """Make a challenge for one login."""
    return Challenge(Secret(token_urlsafe(48)), token_urlsafe(24))


def page_url(login_url: str, challenge: Challenge, base: str) -> str:
    """Return the page where every kind of login can be chosen; `base` is where to come back to."""
    query = {**challenge.parameters, "redirect_uri": base, "redirect_from": "KiroIDE"}
    return f"{login_url.rstrip('/')}/signin?{urlencode(query)}"


def provider_url(auth_url: str, provider: str, challenge: Challenge, base: str) -> str:
    """Return the page of one provider, a value of PROVIDERS; it comes back with a code."""
    query = {"idp": provider, "redirect_uri": f"{base}{CALLBACKS[0]}", **challenge.parameters}
    return f"{auth_url}/login?{urlencode(query)}"


def is_redirect(text: str) -> bool:
    """Tell whether a text that a person pasted is an address that a sign-in page leads to."""
    return "state" in parse_qs(urlsplit(text).query)


def read_redirect(target: str, state: str) -> Redirect:
    """Read where the browser was sent; raises LoginFailed where that is no end of this login."""
    address = urlsplit(target)
    told = {name: values[0] for name, values in parse_qs(address.query).items()}
    if not compare_digest(told.get("state", "").encode(), state.encode()):
        raise LoginFailed("the browser came back from another login: start again")
    if error := told.get("error"):
        raise LoginFailed(_complaint(error))
    option = told.get("login_option", told.get("loginOption", "")).lower()
    if option in _AT_AWS:
        return _at_aws(address.path, option, told)
    if option == "external_idp":
        raise LoginFailed(
            "your organization signs in at its own identity provider, which this command cannot"
            " do: log in with the Kiro IDE, whose token file is then found by itself"
        )
    if not told.get("code"):
        raise LoginFailed("the browser came back without a code: start again")
    return Redirect(address.path, option, Secret(told["code"]))


def exchange_question(
    auth_url: str, redirect: Redirect, challenge: Challenge, base: str
) -> Question:
    """Ask for the tokens that a code stands for."""
    option = f"?{urlencode({'login_option': redirect.option})}" if redirect.option else ""
    body = {
        "code": redirect.code.reveal(),
        "code_verifier": challenge.verifier.reveal(),
        "redirect_uri": f"{base}{redirect.path}{option}",
    }
    return social.question(f"{auth_url}/oauth/token", body)


def _at_aws(path: str, option: str, told: dict[str, str]) -> Redirect:
    start_url = told.get("issuer_url", BUILDER_ID_URL if option == "builderid" else "")
    region = told.get("idc_region", told.get("idcRegion", ""))
    if not start_url.startswith("https://") or (region and not is_region(region)):
        raise LoginFailed("the sign-in page did not say where to go on: use --start-url")
    return Redirect(path, option, Secret(""), start_url, region)


def _complaint(error: str) -> str:
    if error == "access_denied":
        return "the login was denied in the browser"
    shown = error[:60] if error.isascii() and error.isprintable() else "an error"
    return f"the sign-in page reports {shown}: start again"
