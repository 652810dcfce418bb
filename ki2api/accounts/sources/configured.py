"""The `[[accounts]]` tables of the settings."""

from collections.abc import Sequence

from ki2api.accounts.account import AccountConfig, Credential
from ki2api.accounts.sources.entry import Entry, Found, make_credential


def read_configured(configured: Sequence[AccountConfig]) -> Found:
    """Return one account for each table, in the order of the file."""
    return Found(
        "[[accounts]]",
        tuple(_credential(config, number) for number, config in enumerate(configured, 1)),
    )


def _credential(config: AccountConfig, number: int) -> Credential:
    entry = Entry(
        name=config.name,
        refresh_token=config.refresh_token,
        kiro_api_key=config.api_key,
        client_id=config.client_id,
        client_secret=config.client_secret,
        region=config.region,
        profile_arn=config.profile_arn,
        disabled=config.disabled,
        max_concurrent=config.max_concurrent,
    )
    where = f"[[accounts]] {number}"
    return make_credential(entry, where, where, wanted="refresh-token or api-key")
