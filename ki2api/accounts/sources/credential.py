"""From what a place says of an account to the credential that it makes."""

from collections.abc import Collection

from ki2api.accounts.account import Credential, Origin
from ki2api.accounts.sources.checks import (
    KEYS_BEGIN,
    at_least_one,
    checked_api_key,
    checked_name,
    checked_profile_arn,
    checked_proxy,
    checked_region,
    checked_token,
    joined_scopes,
    moment,
    unquoted,
)
from ki2api.accounts.sources.complaints import Checklist, Complaint
from ki2api.accounts.sources.endpoint import checked_token_endpoint
from ki2api.accounts.sources.entry import Entry
from ki2api.accounts.sources.kinds import sign_in_kind
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
    checks = Checklist()
    refresh_token, api_key = _refresh_token_and_key(entry, where, checks)
    if wanted and not (refresh_token or api_key or checks.complaints):
        checks.add(Complaint(f"{where}: {wanted} is missing", ""))
    kind = "api-key" if api_key else checks.take("", sign_in_kind, entry, where)
    endpoint = entry.token_endpoint if kind == "external-idp" else None
    weight = checks.take("weight", at_least_one, entry.weight, "weight", where)
    credential = Credential(
        name=checks.take("name", checked_name, entry.name, where) or "",
        kind=kind or "social",
        refresh_token=refresh_token,
        access_token=checks.take("", checked_token, entry.access_token, "access token", where),
        expires_at=moment(entry.expires_at),
        api_key=api_key,
        client_id=entry.client_id or "",
        client_secret=entry.client_secret,
        token_endpoint=(
            endpoint
            and checks.take("token-endpoint", checked_token_endpoint, endpoint, where, trusted)
        )
        or "",
        scopes=joined_scopes(entry.scopes),
        provider=entry.provider or "",
        start_url=entry.start_url or "",
        region=checks.take("region", checked_region, entry.region, "region", where)
        or _SIGN_IN_REGION,
        api_region=checks.take("api-region", checked_region, entry.api_region, "API region", where)
        or "",
        profile_arn=checks.take("profile-arn", checked_profile_arn, entry.profile_arn, where) or "",
        disabled=entry.disabled or False,
        max_concurrent=checks.take(
            "max-concurrent", at_least_one, entry.max_concurrent, "most concurrent requests", where
        ),
        weight=weight or 1,
        proxy=checks.take("proxy", checked_proxy, entry.proxy, where),
        source=source,
        origin=origin,
    )
    checks.end()
    return credential


def _refresh_token_and_key(
    entry: Entry, where: str, checks: Checklist
) -> tuple[Secret | None, Secret | None]:
    """Return the one of both that the account has; a key in the token's place is understood."""
    token, key = entry.refresh_token, entry.kiro_api_key
    if not key and token and unquoted(token.reveal()).startswith(KEYS_BEGIN):
        return None, checks.take("refresh-token", checked_api_key, token, where)
    refresh_token = checks.take("refresh-token", checked_token, token, "refresh token", where)
    api_key = checks.take("api-key", checked_api_key, key, where)
    if refresh_token and api_key:
        cause = f"{where}: a refresh token and an API key are two accounts: split"
        checks.add(Complaint(cause, key="api-key"))
    return refresh_token, api_key
