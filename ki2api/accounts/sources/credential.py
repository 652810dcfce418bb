"""From what a place says of an account to the credential that it makes."""

from collections.abc import Collection

from ki2api.accounts.account import Credential, Origin
from ki2api.accounts.sources.checks import (
    at_least_one,
    checked_name,
    checked_profile_arn,
    checked_proxy,
    checked_region,
    checked_token,
    joined_scopes,
    moment,
)
from ki2api.accounts.sources.endpoint import checked_token_endpoint
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.kinds import sign_in_kind
from ki2api.accounts.sources.reading import AccountsUnreadable
from pipeline.secret import Secret

_SIGN_IN_REGION = "us-east-1"  # of all social logins and of Builder ID (docs/kiro.md §1.2, §1.10)


def make_credential(
    entry: Entry,
    where: str,
    source: str,
    *,
    wanted: str = "",
    trusted: Collection[str] = (),
    origin: Origin | None = None,
) -> Credential:
    """Check an entry and decide its kind; raises AccountsUnreadable, which begins with `where`.

    `wanted` is how the place calls what an account must have; without it an access token will do.
    `trusted` are the hosts that checked_token_endpoint believes.
    """
    refresh_token, api_key = _refresh_token_or_key(entry, where)
    if wanted and not (refresh_token or api_key):
        raise AccountsUnreadable(f"{where}: {wanted} is missing")
    kind = "api-key" if api_key else sign_in_kind(entry, where)
    endpoint = entry.token_endpoint if kind == "external-idp" else None
    return Credential(
        name=checked_name(entry.name, where),
        kind=kind,
        refresh_token=refresh_token,
        access_token=checked_token(entry.access_token, "access token", where),
        expires_at=moment(entry.expires_at),
        api_key=api_key,
        client_id=entry.client_id or "",
        client_secret=entry.client_secret,
        token_endpoint=checked_token_endpoint(endpoint, where, trusted) if endpoint else "",
        scopes=joined_scopes(entry.scopes),
        provider=entry.provider or "",
        start_url=entry.start_url or "",
        region=checked_region(entry.region, "region", where) or _SIGN_IN_REGION,
        api_region=checked_region(entry.api_region, "API region", where),
        profile_arn=checked_profile_arn(entry.profile_arn, where),
        disabled=entry.disabled or False,
        max_concurrent=at_least_one(entry.max_concurrent, "most concurrent requests", where),
        weight=at_least_one(entry.weight, "weight", where) or 1,
        proxy=checked_proxy(entry.proxy, where),
        source=source,
        origin=origin,
    )


def _refresh_token_or_key(entry: Entry, where: str) -> tuple[Secret | None, Secret | None]:
    """Return the one of both that the account has; a key in the token's place is understood."""
    refresh_token = checked_token(entry.refresh_token, "refresh token", where)
    api_key = checked_token(entry.kiro_api_key, "API key", where)
    if refresh_token and not api_key and refresh_token.reveal().startswith("ksk_"):
        refresh_token, api_key = None, refresh_token
    if refresh_token and api_key:
        raise AccountsUnreadable(f"{where}: a refresh token and an API key are two accounts: split")
    return refresh_token, api_key
