"""One account as a place describes it, and the credential that it makes."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from ki2api.accounts.account import Credential, Kind
from ki2api.accounts.profile import is_profile_arn, is_region
from ki2api.accounts.sources.reading import AccountsUnreadable
from pipeline.secret import Secret

_LONGEST_NAME = 64


class Found(Struct, frozen=True):
    """The accounts of one place, with what a person should know of them."""

    place: str = ""
    credentials: tuple[Credential, ...] = ()
    warnings: tuple[str, ...] = ()


class Entry(Struct, rename="camel"):
    """One account in the spelling of the IDE's token file, which `KIRO_AUTH_CONFIG` shares.

    Fields that are unknown here are passed over: the file is the IDE's, and it grows.
    """

    name: str | None = None
    refresh_token: Secret | None = None
    access_token: Secret | None = None
    expires_at: Any = None
    kiro_api_key: Secret | None = None
    auth_method: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    client_id_hash: str | None = None
    region: str | None = None
    profile_arn: str | None = None
    disabled: bool | None = None
    max_concurrent: int | None = None


def make_credential(entry: Entry, where: str, source: str, *, wanted: str = "") -> Credential:
    """Check an entry and decide its kind (docs/kiro.md §1.11).

    `wanted` is how the place calls what an account must have; without it an access token will do.
    """
    refresh_token = _token(entry.refresh_token, "refresh token", where)
    api_key = _token(entry.kiro_api_key, "API key", where)
    if refresh_token and refresh_token.reveal().startswith("ksk_"):
        refresh_token, api_key = None, refresh_token
    access_token = _token(entry.access_token, "access token", where)
    if wanted and not (refresh_token or api_key):
        raise AccountsUnreadable(f"{where}: {wanted} is missing")
    if refresh_token and api_key:
        raise AccountsUnreadable(f"{where}: a refresh token and an API key are two accounts: split")
    return Credential(
        name=_name(entry, where),
        kind="api-key" if api_key else _sign_in(entry, where),
        refresh_token=refresh_token,
        access_token=access_token,
        expires_at=moment(entry.expires_at),
        api_key=api_key,
        client_id=entry.client_id or "",
        client_secret=entry.client_secret,
        region=_region(entry, where),
        profile_arn=_profile_arn(entry, where),
        disabled=entry.disabled or False,
        max_concurrent=_max_concurrent(entry, where),
        source=source,
    )


def moment(text: Any) -> float | None:
    """Read the IDE's `expiresAt`; without a zone it is UTC, and what cannot be read is None."""
    try:
        when = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _token(secret: Secret | None, what: str, where: str) -> Secret | None:
    text = secret.reveal().strip() if secret else ""
    if not text:
        return None
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise AccountsUnreadable(
            f"{where}: the {what} holds spaces, line breaks or special characters: copy it again"
        )
    return Secret(text)


def _name(entry: Entry, where: str) -> str:
    name = (entry.name or "").strip()
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        raise AccountsUnreadable(f"{where}: the name is too long or not printable: shorten it")
    return name


def _sign_in(entry: Entry, where: str) -> Kind:
    method = (entry.auth_method or "").lower()
    if method == "social":
        return "social"
    if method == "external_idp":
        raise AccountsUnreadable(
            f"{where} is a login through an external identity provider, which ki2api cannot "
            "refresh: use another login, or an API key"
        )
    if method == "idc" and not (entry.client_id or entry.client_secret):
        raise AccountsUnreadable(
            f"{where}: the client registration is missing: add clientId and clientSecret, "
            "or log in again"
        )
    if bool(entry.client_id) != bool(entry.client_secret):
        missing = "client secret" if entry.client_id else "client id"
        raise AccountsUnreadable(f"{where}: the {missing} is missing: both or none are needed")
    return "oidc" if entry.client_id else "social"


def _region(entry: Entry, where: str) -> str:
    region = entry.region or "us-east-1"
    if not is_region(region):
        raise AccountsUnreadable(f"{where}: the region must be like us-east-1")
    return region


def _profile_arn(entry: Entry, where: str) -> str:
    profile_arn = entry.profile_arn or ""
    if profile_arn and not is_profile_arn(profile_arn):
        raise AccountsUnreadable(
            f"{where}: the profile ARN must be like "
            "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL"
        )
    return profile_arn


def _max_concurrent(entry: Entry, where: str) -> int | None:
    if entry.max_concurrent is not None and entry.max_concurrent < 1:
        raise AccountsUnreadable(f"{where}: the most concurrent requests must be 1 or more")
    return entry.max_concurrent
