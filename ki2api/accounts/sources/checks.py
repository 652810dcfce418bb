"""The values of an account one by one: what each must look like, and what is said where not."""

import re
from datetime import UTC, datetime
from typing import Any

from ki2api.accounts.profile import is_profile_arn, is_region
from ki2api.accounts.sources.complaints import AccountsUnreadable
from pipeline.secret import Secret

KEYS_BEGIN = "ksk_"
"""How every API key of app.kiro.dev begins (docs/kiro.md §1.5)."""
_SHORTEST_KEY = 10
_LONGEST_NAME = 64
_PROXY = re.compile(
    r"https?://([^\s/@]+@)?[\w.-]+(:[0-9]{1,5})?/?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?/?"
)


def checked_token(secret: Secret | None, what: str, where: str) -> Secret | None:
    """Return a token without the blanks and quotes around it, None where it is empty."""
    text = unquoted(secret.reveal()) if secret else ""
    if not text:
        return None
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise AccountsUnreadable(
            f"{where}: the {what} holds spaces, line breaks or special characters", "copy it again"
        )
    return Secret(text)


def checked_api_key(secret: Secret | None, where: str) -> Secret | None:
    """Return an API key, None where it is empty; refuses what can be none at all."""
    text = unquoted(secret.reveal()) if secret else ""
    if "..." in text or "\N{HORIZONTAL ELLIPSIS}" in text:
        raise AccountsUnreadable(
            f"{where}: the API key is shortened, or the example of some page: copy the whole of "
            "your own from app.kiro.dev"
        )
    if text and not text.startswith(KEYS_BEGIN) and len(text) < _SHORTEST_KEY:
        raise AccountsUnreadable(
            f"{where}: the API key is too short to be one: copy it from app.kiro.dev; it begins "
            f"with {KEYS_BEGIN}"
        )
    return checked_token(secret, "API key", where)


def unquoted(text: str) -> str:
    """Return a text without blanks around it, and without quotes, which env files leave there."""
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1].strip() if quoted else text


def checked_name(text: str | None, where: str) -> str:
    """Return the name of an account, empty where it has none."""
    name = (text or "").strip()
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        raise AccountsUnreadable(f"{where}: the name is too long or not printable", "shorten it")
    return name


def checked_region(text: str | None, what: str, where: str) -> str:
    """Return a region, empty where none is named."""
    if text and not is_region(text):
        raise AccountsUnreadable(f"{where}: the {what} must be like us-east-1", "")
    return text or ""


def checked_profile_arn(text: str | None, where: str) -> str:
    """Return a profile ARN, empty where none is named."""
    if text and not is_profile_arn(text):
        raise AccountsUnreadable(
            f"{where}: the profile ARN must be like "
            "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL",
            "",
        )
    return text or ""


def at_least_one(number: int | None, what: str, where: str) -> int | None:
    """Return a number that means nothing below 1."""
    if number is not None and number < 1:
        raise AccountsUnreadable(f"{where}: the {what} must be 1 or more")
    return number


def checked_proxy(secret: Secret | None, where: str) -> Secret | None:
    """Return the URL of a proxy, None where it is empty; it may hold a password."""
    url = secret.reveal().strip() if secret else ""
    if not url:
        return None
    if not _PROXY.fullmatch(url):
        raise AccountsUnreadable(
            f"{where}: the proxy must be like http://host:port or https://user:password@host:port; "
            "other kinds, such as socks, are not spoken here"
        )
    return Secret(url)


def joined_scopes(scopes: str | list[str] | None) -> str:
    """Return scopes in the form that a token endpoint wants them: apart by one space."""
    words = scopes.split() if isinstance(scopes, str) else scopes or []
    return " ".join(words)


def moment(text: Any) -> float | None:
    """Read an `expiresAt`; without a zone it is UTC, and what cannot be read is None."""
    try:
        when = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
